import { randomUUID } from "node:crypto";
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../errors.ts";
import type { Bucket, Limits } from "./s3-bucket.ts";
import { within } from "./s3-bucket.ts";
import { errorCodeOf, statusOf, toStoreError } from "./s3-errors.ts";
import type { GetOptions, GetResult, ObjectInfo } from "./store.ts";
import { tooLarge } from "./store.ts";

/** Asks for a key that nobody has: the answer tells how this bucket speaks of missing keys. */
export async function probe(bucket: Bucket): Promise<string | undefined> {
  const Key = `shift-media-probe-${randomUUID()}`;
  try {
    await bucket.client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key }), within(bucket));
  } catch (error) {
    if (statusOf(error) === 404 && errorCodeOf(error) !== "NoSuchBucket") return undefined;
    if (statusOf(error) !== 403 || errorCodeOf(error) !== "AccessDenied") throw toStoreError(error);
    bucket.isMissingForbidden = true;
    return `bucket "${bucket.bucket}" answers 403 for missing keys: grant s3:ListBucket to make it 404`;
  }
  return undefined;
}

export async function head(
  bucket: Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: key });
  try {
    return describe(await bucket.client.send(command, within(bucket, signal)));
  } catch (error) {
    if (statusOf(error) === 404 || isHiddenMissing(bucket, error)) return undefined;
    throw toStoreError(error);
  }
}

/** The SDK retries a request, but not a body that breaks off. */
export async function get(bucket: Bucket, key: string, options: GetOptions): Promise<GetResult> {
  const limits = within(bucket, options.signal);
  try {
    return await getOnce(bucket, key, options, limits);
  } catch (error) {
    if (!(error instanceof BrokenBody) || limits.abortSignal.aborted) throw explain(error, limits);
  }
  try {
    return await getOnce(bucket, key, options, limits);
  } catch (error) {
    throw explain(error, limits);
  }
}

/** An abort in the middle of a body looks like a broken connection. */
function explain(error: unknown, { abortSignal }: Limits): MediaError {
  if (error instanceof MediaError || !abortSignal.aborted) return toStoreError(error);
  return new MediaError("timeout", "the store did not answer in time", { cause: error });
}

class BrokenBody extends Error {}

async function getOnce(
  bucket: Bucket,
  key: string,
  { ifNoneMatch, maxBytes }: GetOptions,
  limits: Limits,
): Promise<GetResult> {
  const command = new GetObjectCommand({
    Bucket: bucket.bucket,
    Key: key,
    ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
  });
  try {
    const output = await bucket.client.send(command, limits);
    const info = describe(output);
    return { kind: "found", info, bytes: await readBody(output, info.size, maxBytes) };
  } catch (error) {
    if (statusOf(error) === 304) return { kind: "not_modified" };
    const isMissing = statusOf(error) === 404 && errorCodeOf(error) !== "NoSuchBucket";
    if (isMissing) return { kind: "missing", isDefinite: true };
    if (isHiddenMissing(bucket, error)) return { kind: "missing", isDefinite: false };
    throw error;
  }
}

/** Reads a body of exactly `size` bytes, or none of it. */
async function readBody(
  { Body, ContentLength }: GetObjectCommandOutput,
  size: number,
  maxBytes: number,
): Promise<Uint8Array> {
  const stream = Body as NodeJS.ReadableStream & { destroy(): void }; // what the SDK gives on Node
  if (ContentLength === undefined || size > maxBytes) {
    stream.destroy(); // an unread body would keep its socket
    if (ContentLength !== undefined) throw tooLarge(size, maxBytes);
    throw new MediaError("store_failed", "the store did not say how long the object is");
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

function isHiddenMissing({ isMissingForbidden }: Bucket, error: unknown): boolean {
  return isMissingForbidden && statusOf(error) === 403;
}

function describe(output: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectInfo {
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
