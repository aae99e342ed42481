import { randomUUID } from "node:crypto";
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../../errors.ts";
import type { S3Bucket, CallLimits } from "./bucket.ts";
import { limitCall } from "./bucket.ts";
import { getErrorName, isBucketMissing, notS3, getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import type { GetOptions, GetResult, ObjectInfo } from "../store.ts";
import { tooLarge } from "../store.ts";

/** Asks for a key that nobody has: the answer tells how this bucket speaks of missing keys. */
export async function probe(bucket: S3Bucket): Promise<string | undefined> {
  const Key = `${bucket.probePrefix ?? ""}shift-media-probe-${randomUUID()}`;
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key });
  try {
    const { Body } = await bucket.client.send(command, limitCall(bucket));
    getStream(Body).destroy();
  } catch (error) {
    if (getStatus(error) === 404 && !isBucketMissing(error)) return undefined;
    if (!isDenied(error)) throw toStoreError(error);
    bucket.isMissingForbidden = true;
    return `bucket "${bucket.bucket}" answers 403 for missing keys: grant s3:ListBucket to make it 404`;
  }
  throw notS3(`bucket "${bucket.bucket}" has a key that nobody has: is the endpoint one of S3?`);
}

export async function head(
  bucket: S3Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  checkS3Key(key);
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: key });
  try {
    const { client, headClient = client } = bucket;
    const output = await headClient.send(command, limitCall(bucket, signal));
    if (!output.ETag) throw noVersion();
    return toObjectInfo(output);
  } catch (error) {
    // it has no body that could tell one 403 from another
    const isHidden = bucket.isMissingForbidden && getStatus(error) === 403;
    if (getStatus(error) === 404 || isHidden) return undefined;
    throw toStoreError(await askForReason(bucket, key, error));
  }
}

const UNEXPLAINED: ReadonlySet<number | undefined> = new Set([301, 307, 400, 403]);

/** A HEAD that is refused does not say why; a GET of one byte does. */
async function askForReason(bucket: S3Bucket, Key: string, error: unknown): Promise<unknown> {
  if (!UNEXPLAINED.has(getStatus(error))) return error;
  try {
    const command = new GetObjectCommand({ Bucket: bucket.bucket, Key, Range: "bytes=0-0" });
    const { Body } = await bucket.client.send(command, limitCall(bucket));
    getStream(Body).destroy();
    return error;
  } catch (reason) {
    return getStatus(reason) === getStatus(error) ? reason : error;
  }
}

/** The SDK retries a request, but not a body that breaks off. */
export async function get(bucket: S3Bucket, key: string, options: GetOptions): Promise<GetResult> {
  checkS3Key(key);
  const limits = limitCall(bucket, options.signal);
  try {
    return await getOnce(bucket, key, { ...options, limits });
  } catch (error) {
    if (!(error instanceof BrokenBody) || limits.abortSignal.aborted) throw explain(error, limits);
  }
  try {
    return await getOnce(bucket, key, { ...options, limits });
  } catch (error) {
    throw explain(error, limits);
  }
}

/** An abort in the middle of a body looks like a broken connection. */
function explain(error: unknown, { abortSignal }: CallLimits): MediaError {
  if (error instanceof MediaError || !abortSignal.aborted) return toStoreError(error);
  const late = new Error(`given up: ${String(error)}`);
  late.name = "TimeoutError";
  return toStoreError(late);
}

export type DestroyableStream = NodeJS.ReadableStream & { destroy(error?: Error): void };

class BrokenBody extends Error {}

async function getOnce(
  bucket: S3Bucket,
  key: string,
  { ifNoneMatch, maxBytes, limits }: GetOptions & { readonly limits: CallLimits },
): Promise<GetResult> {
  const command = new GetObjectCommand({
    Bucket: bucket.bucket,
    Key: key,
    ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
  });
  try {
    const { client, getClient = client } = bucket;
    const output = await getClient.send(command, limits);
    const info = toObjectInfo(output);
    return { kind: "found", info, bytes: await readBody(output, info.size, maxBytes) };
  } catch (error) {
    if (getStatus(error) === 304) return { kind: "not_modified" };
    const missing = readMissing(bucket, error);
    if (!missing) throw error;
    return missing;
  }
}

/** What a GET that failed message of an object that is not there; `undefined` for any other failure. */
export function readMissing(
  { isMissingForbidden }: S3Bucket,
  error: unknown,
): Extract<GetResult, { kind: "missing" }> | undefined {
  const isHidden = isMissingForbidden && isDenied(error);
  const isMissing = getStatus(error) === 404 && !isBucketMissing(error);
  // any proxy can say 404, and variants are deleted on the strength of this
  const isDefinite = getErrorName(error) === "NoSuchKey";
  return isMissing || isHidden ? { kind: "missing", isDefinite } : undefined;
}

/** Reads a body of exactly `size` bytes, or none of it. */
async function readBody(
  output: GetObjectCommandOutput,
  size: number,
  maxBytes: number,
): Promise<Uint8Array> {
  const stream = getStream(output.Body);
  const refusal = refuseBody(output, size, maxBytes);
  if (refusal) {
    stream.destroy();
    throw refusal;
  }
  const bytes = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  try {
    for await (const chunk of stream) {
      if (typeof chunk === "string") throw new TypeError("a body must be bytes");
      filled += chunk.length;
      if (filled <= size) bytes.set(chunk, filled - chunk.length);
    }
  } catch (error) {
    throw new BrokenBody("the body broke off", { cause: error });
  }
  if (filled !== size) throw new BrokenBody(`the body had ${filled} of ${size} bytes`);
  return bytes;
}

function refuseBody(
  { ContentLength, ETag }: GetObjectCommandOutput,
  size: number,
  maxBytes: number,
): MediaError | undefined {
  if (!ETag) return noVersion();
  if (ContentLength !== undefined) return size > maxBytes ? tooLarge(size, maxBytes) : undefined;
  return new MediaError("store_failed", "the store did not say how long the object is");
}

export function noVersion(): MediaError {
  return notS3("the store did not give the object an ETag");
}

/** What the SDK gives for a body on Node; one left unread would keep its socket. */
export function getStream(body: GetObjectCommandOutput["Body"]): DestroyableStream {
  return body as DestroyableStream; // the SDK types it for every platform
}

function isDenied(error: unknown): boolean {
  return getStatus(error) === 403 && getErrorName(error) === "AccessDenied";
}

export function toObjectInfo(output: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectInfo {
  const { ETag, ContentLength, ContentType, CacheControl, ContentDisposition, Metadata } = output;
  return {
    etag: ETag ?? "",
    size: ContentLength ?? 0,
    ...(ContentType && { contentType: ContentType }),
    ...(CacheControl && { cacheControl: CacheControl }),
    ...(ContentDisposition && { contentDisposition: ContentDisposition }),
    metadata: Metadata ?? {},
  };
}
