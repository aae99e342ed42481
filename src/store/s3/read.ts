import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { MediaError } from "../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import { limitCall } from "./bucket.ts";
import { ASK_FOR_CHECKSUM, findMismatch } from "./checksum.ts";
import type { S3Response } from "./connection.ts";
import { getErrorName, isBucketMissing, notS3, getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import type {
  GetOptions,
  GetResult,
  ObjectInfo,
  ByteStream,
  OpenOptions,
  OpenResult,
} from "../store.ts";
import { tooLarge } from "../store.ts";
import { Scope } from "../../async/scope.ts";

/** Asks for a key that does not exist: the answer shows how this bucket reports missing keys. */
export async function probe(bucket: S3Bucket): Promise<string | undefined> {
  const key = `${bucket.probePrefix}shift-media-probe-${randomUUID()}`;
  try {
    const { body } = await bucket.connection.send({ method: "GET", key }, limitCall(bucket));
    body.destroy();
  } catch (error) {
    if (getStatus(error) === 404 && !isBucketMissing(error)) return undefined;
    if (!isDenied(error)) throw toStoreError(error);
    bucket.isMissingForbidden = true;
    return `bucket "${bucket.bucket}" answers 403 for missing keys: grant s3:ListBucket to make it 404`;
  }
  throw notS3(
    `bucket "${bucket.bucket}" answers for a key that cannot exist, check that AWS_ENDPOINT_URL_S3 is an endpoint of S3`,
  );
}

export async function head(
  bucket: S3Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  checkS3Key(key);
  try {
    const request = { method: "HEAD", key } as const;
    const { headers, body } = await bucket.heads.send(request, limitCall(bucket, signal));
    body.resume();
    if (!headers["etag"]) throw noVersion();
    return toObjectInfo(headers);
  } catch (error) {
    // the answer to a HEAD has no body that could explain a 403
    const isHidden = bucket.isMissingForbidden && getStatus(error) === 403;
    if (getStatus(error) === 404 || isHidden) return undefined;
    throw toStoreError(await askForReason(bucket, key, error));
  }
}

const UNEXPLAINED: ReadonlySet<number | undefined> = new Set([301, 307, 400, 403]);

/** The answer to a HEAD does not say why it failed; that to a GET of one byte does. */
async function askForReason(bucket: S3Bucket, key: string, error: unknown): Promise<unknown> {
  if (!UNEXPLAINED.has(getStatus(error))) return error;
  try {
    const request = { method: "GET", key, headers: { range: "bytes=0-0" } } as const;
    const { body } = await bucket.connection.send(request, limitCall(bucket));
    body.destroy();
    return error;
  } catch (reason) {
    return getStatus(reason) === getStatus(error) ? reason : error;
  }
}

/** Reads an object whole. A body that breaks off is requested once more. */
export async function get(bucket: S3Bucket, key: string, options: GetOptions): Promise<GetResult> {
  checkS3Key(key);
  const signal = limitCall(bucket, options.signal);
  try {
    return await getOnce(bucket, key, { ...options, signal });
  } catch (error) {
    const mayRetry = error instanceof BrokenBody && !signal.aborted && bucket.gets.spendRetry();
    if (!mayRetry) throw explain(error, signal);
  }
  try {
    return await getOnce(bucket, key, { ...options, signal });
  } catch (error) {
    throw explain(error, signal);
  }
}

/** An abort in the middle of a body looks like a broken connection. */
function explain(error: unknown, { aborted }: AbortSignal): MediaError {
  if (error instanceof MediaError || !aborted) return toStoreError(error);
  const late = new Error(`given up: ${String(error)}`);
  late.name = "TimeoutError";
  return toStoreError(late);
}

class BrokenBody extends Error {}

async function getOnce(
  bucket: S3Bucket,
  key: string,
  { ifNoneMatch, maxBytes, signal }: GetOptions & { readonly signal: AbortSignal },
): Promise<GetResult> {
  const headers = { ...ASK_FOR_CHECKSUM, ...(ifNoneMatch && { "if-none-match": ifNoneMatch }) };
  try {
    const response = await bucket.gets.send({ method: "GET", key, headers }, signal);
    if (response.status === 304) {
      response.body.resume();
      return { kind: "not_modified" };
    }
    const info = toObjectInfo(response.headers);
    return { kind: "found", info, bytes: await readChecked(response, info.size, maxBytes) };
  } catch (error) {
    const missing = readMissing(bucket, error);
    if (!missing) throw error;
    return missing;
  }
}

/** Reads from a failed GET that the object is missing; `undefined` for any other failure. */
function readMissing(
  { isMissingForbidden }: S3Bucket,
  error: unknown,
): Extract<GetResult, { kind: "missing" }> | undefined {
  const isHidden = isMissingForbidden && isDenied(error);
  const isMissing = getStatus(error) === 404 && !isBucketMissing(error);
  // a 404 alone may come from a proxy, and variants are deleted because of this
  const isDefinite = getErrorName(error) === "NoSuchKey";
  return isMissing || isHidden ? { kind: "missing", isDefinite } : undefined;
}

/** Reads a body of exactly `size` bytes that match their checksum, or none of it. */
async function readChecked(
  response: S3Response,
  size: number,
  maxBytes: number,
): Promise<Uint8Array> {
  const { headers, body, isEncrypted } = response;
  const refusal = refuseBody(headers, size, maxBytes);
  if (refusal) {
    body.destroy();
    throw refusal;
  }
  const bytes = await fill(Buffer.allocUnsafeSlow(size), body);
  const mismatch = await findMismatch(headers, bytes, isEncrypted);
  if (mismatch === undefined) return bytes;
  throw new BrokenBody(`the body does not match its checksum ${mismatch}`);
}

async function fill(bytes: Buffer, body: IncomingMessage): Promise<Buffer> {
  let filled = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      filled += chunk.length;
      if (filled <= bytes.length) bytes.set(chunk, filled - chunk.length);
    }
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") throw error;
    throw new BrokenBody("the body broke off", { cause: error });
  }
  if (filled === bytes.length) return bytes;
  throw new BrokenBody(`the body had ${filled} of ${bytes.length} bytes`);
}

function refuseBody(
  headers: S3Response["headers"],
  size: number,
  maxBytes: number,
): MediaError | undefined {
  if (!headers["etag"]) return noVersion();
  if (headers["content-length"]) return size > maxBytes ? tooLarge(size, maxBytes) : undefined;
  return new MediaError("store_failed", "the store did not say how long the object is");
}

function noVersion(): MediaError {
  return notS3("the store did not give the object an ETag");
}

function isDenied(error: unknown): boolean {
  return getStatus(error) === 403 && getErrorName(error) === "AccessDenied";
}

const METADATA = "x-amz-meta-";

function toObjectInfo(headers: S3Response["headers"]): ObjectInfo {
  const contentType = headers["content-type"];
  const cacheControl = headers["cache-control"];
  const contentDisposition = headers["content-disposition"];
  const metadata: Record<string, string> = {};
  for (const name in headers) {
    if (name.startsWith(METADATA)) metadata[name.slice(METADATA.length)] = headers[name] ?? "";
  }
  return {
    etag: headers["etag"] ?? "",
    size: Number(headers["content-length"] ?? 0),
    ...(contentType && { contentType }),
    ...(cacheControl && { cacheControl }),
    ...(contentDisposition && { contentDisposition }),
    metadata,
  };
}

/** Opens an object as a stream; its socket is idle while its client takes nothing. */
export async function openBody(
  bucket: S3Bucket,
  key: string,
  { range, ifMatch, signal }: OpenOptions,
): Promise<OpenResult> {
  checkS3Key(key);
  const { timeoutMs } = bucket;
  const headers = {
    ...(range && { range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch && { "if-match": ifMatch }),
  };
  using scope = new Scope({ timeoutMs, signals: [signal] });
  try {
    const response = await bucket.streams.send({ method: "GET", key, headers }, scope.signal);
    return found(response, { range, timeoutMs });
  } catch (error) {
    // an object without this range is not the one that was found
    const hasChanged = [412, 416].includes(getStatus(error) ?? 0);
    const outcome = hasChanged ? ({ kind: "changed" } as const) : readMissing(bucket, error);
    if (outcome) return outcome;
    throw toStoreError(error);
  }
}

function found(
  { headers, body }: S3Response,
  { range, timeoutMs }: { readonly range: OpenOptions["range"]; readonly timeoutMs: number },
): OpenResult {
  const given = Number(headers["content-length"] ?? NaN);
  const size = range ? wholeSize(headers["content-range"]) : given;
  const length = range ? range.last - range.first + 1 : size;
  if (!headers["etag"] || Number.isNaN(size) || length !== given) {
    body.destroy();
    if (!headers["etag"]) throw noVersion();
    throw new MediaError("store_failed", "the store did not send the range that it was asked for");
  }
  const info = { ...toObjectInfo(headers), size };
  return { kind: "found", info, body: streamBody(body, { length, timeoutMs }) };
}

function wholeSize(contentRange = ""): number {
  return Number(/\/(\d+)$/.exec(contentRange)?.[1]);
}

interface BodyOptions {
  /** In bytes. */
  readonly length: number;
  /** How long the store may take for the next bytes, once they are wanted. */
  readonly timeoutMs: number;
}

function streamBody(stream: IncomingMessage, { length, timeoutMs }: BodyOptions): ByteStream {
  stream.on("error", () => undefined); // the reader gets the error, if there is one
  const giveUp = (): void => {
    stream.destroy(new MediaError("timeout", "the store stopped in the middle of an object"));
  };
  return {
    close: () => stream.destroy(),
    async *[Symbol.asyncIterator]() {
      let taken = 0;
      let timer = setTimeout(giveUp, timeoutMs);
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          clearTimeout(timer); // from here on it is the reader who takes time
          taken += chunk.length;
          if (taken > length) break;
          yield chunk;
          timer = setTimeout(giveUp, timeoutMs);
        }
      } catch (cause) {
        if (cause instanceof MediaError) throw cause;
        throw new MediaError(
          "store_failed",
          "the connection to the store broke off in the middle of an object",
          { cause },
        );
      } finally {
        clearTimeout(timer);
        stream.destroy();
      }
      if (taken !== length) {
        throw new MediaError("store_failed", `the store gave ${taken} of ${length} bytes`);
      }
    },
  };
}
