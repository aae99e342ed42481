import { randomUUID } from "node:crypto";
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../../errors.ts";
import type { Bucket, Limits } from "./bucket.ts";
import { within } from "./bucket.ts";
import { errorCodeOf, isBucketMissing, notS3, statusOf, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import type { GetOptions, GetResult, ObjectInfo } from "../store.ts";
import { tooLarge } from "../store.ts";

/** Asks for a key that nobody has: the answer tells how this bucket speaks of missing keys. */
export async function probe(bucket: Bucket): Promise<string | undefined> {
  const Key = `${bucket.probePrefix ?? ""}shift-media-probe-${randomUUID()}`;
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key });
  try {
    const { Body } = await bucket.client.send(command, within(bucket));
    streamOf(Body).destroy();
  } catch (error) {
    if (statusOf(error) === 404 && !isBucketMissing(error)) return undefined;
    if (!isDenied(error)) throw toStoreError(error);
    bucket.isMissingForbidden = true;
    return `bucket "${bucket.bucket}" answers 403 for missing keys: grant s3:ListBucket to make it 404`;
  }
  throw notS3(`bucket "${bucket.bucket}" has a key that nobody has: is the endpoint one of S3?`);
}

export async function head(
  bucket: Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  checkS3Key(key);
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: key });
  try {
    const { client, headClient = client } = bucket;
    const output = await headClient.send(command, within(bucket, signal));
    if (!output.ETag) throw noVersion();
    return describe(output);
  } catch (error) {
    // it has no body that could tell one 403 from another
    const isHidden = bucket.isMissingForbidden && statusOf(error) === 403;
    if (statusOf(error) === 404 || isHidden) return undefined;
    throw toStoreError(await askForReason(bucket, key, error));
  }
}

const UNEXPLAINED: ReadonlySet<number | undefined> = new Set([301, 307, 400, 403]);

/** A HEAD that is refused does not say why; a GET of one byte does. */
async function askForReason(bucket: Bucket, Key: string, error: unknown): Promise<unknown> {
  if (!UNEXPLAINED.has(statusOf(error))) return error;
  try {
    const command = new GetObjectCommand({ Bucket: bucket.bucket, Key, Range: "bytes=0-0" });
    const { Body } = await bucket.client.send(command, within(bucket));
    streamOf(Body).destroy();
    return error;
  } catch (reason) {
    return statusOf(reason) === statusOf(error) ? reason : error;
  }
}

/** The SDK retries a request, but not a body that breaks off. */
export async function get(bucket: Bucket, key: string, options: GetOptions): Promise<GetResult> {
  checkS3Key(key);
  const limits = within(bucket, options.signal);
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
function explain(error: unknown, { abortSignal }: Limits): MediaError {
  if (error instanceof MediaError || !abortSignal.aborted) return toStoreError(error);
  const late = new Error(`given up: ${String(error)}`);
  late.name = "TimeoutError";
  return toStoreError(late);
}

export type DestroyableStream = NodeJS.ReadableStream & { destroy(error?: Error): void };

class BrokenBody extends Error {}

async function getOnce(
  bucket: Bucket,
  key: string,
  { ifNoneMatch, maxBytes, limits }: GetOptions & { readonly limits: Limits },
): Promise<GetResult> {
  const command = new GetObjectCommand({
    Bucket: bucket.bucket,
    Key: key,
    ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
  });
  try {
    const { client, getClient = client } = bucket;
    const output = await getClient.send(command, limits);
    const info = describe(output);
    return { kind: "found", info, bytes: await readBody(output, info.size, maxBytes) };
  } catch (error) {
    if (statusOf(error) === 304) return { kind: "not_modified" };
    const missing = missingOf(bucket, error);
    if (!missing) throw error;
    return missing;
  }
}

/** What a GET that failed says of an object that is not there; `undefined` for any other failure. */
export function missingOf(
  { isMissingForbidden }: Bucket,
  error: unknown,
): Extract<GetResult, { kind: "missing" }> | undefined {
  const isHidden = isMissingForbidden && isDenied(error);
  const isMissing = statusOf(error) === 404 && !isBucketMissing(error);
  // any proxy can say 404, and variants are deleted on the strength of this
  const isDefinite = errorCodeOf(error) === "NoSuchKey";
  return isMissing || isHidden ? { kind: "missing", isDefinite } : undefined;
}

/** Reads a body of exactly `size` bytes, or none of it. */
async function readBody(
  output: GetObjectCommandOutput,
  size: number,
  maxBytes: number,
): Promise<Uint8Array> {
  const stream = streamOf(output.Body);
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
export function streamOf(body: GetObjectCommandOutput["Body"]): DestroyableStream {
  return body as DestroyableStream; // the SDK types it for every platform
}

function isDenied(error: unknown): boolean {
  return statusOf(error) === 403 && errorCodeOf(error) === "AccessDenied";
}

export function describe(output: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectInfo {
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
