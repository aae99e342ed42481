import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../../errors.ts";
import { anySignal } from "../../async/abort.ts";
import type { S3Bucket } from "./bucket.ts";
import { limitCall } from "./bucket.ts";
import type { S3Request, S3Response } from "./connection.ts";
import { getErrorName, isBucketMissing, notS3, getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import { head } from "./read.ts";
import type { ByteSource, PutOptions, PutResult } from "../store.ts";

/** S3 takes 1000 keys; fewer are deleted within the time of one call. */
const DELETE_BATCH = 250;

/** An object to be written. */
interface Upload {
  readonly key: string;
  readonly bytes: Uint8Array | ByteSource;
  readonly options: PutOptions;
}

export async function put(bucket: S3Bucket, upload: Upload): Promise<PutResult> {
  const { key, options } = upload;
  checkS3Key(key);
  const { condition } = options;
  const result = await putWithRetry(bucket, upload);
  if (result.kind !== "precondition_failed" || typeof condition !== "object") return result;
  // Ceph RGW 16 compares ETags without quotes
  const present = await head(bucket, key, options.signal);
  if (present?.etag !== condition.etag) return result;
  const bare = { etag: condition.etag.replaceAll('"', "") };
  return putWithRetry(bucket, { ...upload, options: { ...options, condition: bare } });
}

/** A 409 says that another operation on the key is under way: once more, then it has lost. */
async function putWithRetry(bucket: S3Bucket, upload: Upload): Promise<PutResult> {
  const first = await putOnce(bucket, upload);
  const result = first === "conflict" ? await putOnce(bucket, upload) : first;
  return result === "conflict" ? { kind: "precondition_failed" } : result;
}

async function putOnce(
  bucket: S3Bucket,
  { key, bytes, options }: Upload,
): Promise<PutResult | "conflict"> {
  try {
    const request = { method: "PUT", key, headers: toHeaders(options) } as const;
    const { headers, body } = await send(bucket, request, { bytes, options });
    body.resume();
    if (!headers["etag"]) throw notS3("the store did not say what it has stored");
    return { kind: "stored", etag: headers["etag"] };
  } catch (error) {
    return readRefusal(error, options.condition);
  }
}

function send(
  bucket: S3Bucket,
  request: S3Request,
  { bytes, options: { sha256, signal } }: Pick<Upload, "bytes" | "options">,
): Promise<S3Response> {
  if (bytes instanceof Uint8Array) {
    return bucket.connection.send({ ...request, body: bytes, sha256 }, limitCall(bucket, signal));
  }
  return sendPaced(bucket, { ...request, sha256 }, { source: bytes, signal });
}

/** Sends a body of any length: the time-out of the store bounds each of its pauses, and the wait for the answer. */
async function sendPaced(
  { streams, timeoutMs }: S3Bucket,
  request: S3Request,
  { source, signal }: { readonly source: ByteSource; readonly signal: AbortSignal | undefined },
): Promise<S3Response> {
  const ended = new AbortController();
  const stall = (): void => ended.abort(new DOMException("the store stalled", "TimeoutError"));
  let timer = setTimeout(stall, timeoutMs);
  async function* open(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source.open()) {
        clearTimeout(timer);
        timer = setTimeout(stall, timeoutMs);
        yield chunk;
      }
    } catch (cause) {
      const problem = "the bytes to write could not be read";
      ended.abort(new MediaError("store_failed", problem, { cause }));
    }
  }
  const either = signal ? anySignal([signal, ended.signal]) : ended.signal;
  try {
    return await streams.send({ ...request, body: { size: source.size, open } }, either);
  } catch (error) {
    const { reason } = either as { readonly reason: unknown };
    throw reason instanceof MediaError ? reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function toHeaders(options: PutOptions): Readonly<Record<string, string>> {
  const { contentType, cacheControl, contentDisposition, condition, metadata = {} } = options;
  const own = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    "content-type": contentType,
    ...(cacheControl && { "cache-control": cacheControl }),
    ...(contentDisposition && { "content-disposition": contentDisposition }),
    ...(condition === "absent" && { "if-none-match": "*" }),
    ...(typeof condition === "object" && { "if-match": condition.etag }),
    ...Object.fromEntries(own),
  };
}

/** Tells refusals that are results from failures. */
function readRefusal(error: unknown, condition: PutOptions["condition"]): PutResult | "conflict" {
  const status = getStatus(error);
  if (status === 412) return { kind: "precondition_failed" };
  // If-Match on a deleted object gives 404
  const isGone = status === 404 && typeof condition === "object" && !isBucketMissing(error);
  if (isGone) return { kind: "precondition_failed" };
  if (status === 409 && condition) return "conflict";
  if (condition && mayBeOfCondition(error)) return { kind: "condition_unsupported" };
  throw toStoreError(error);
}

/** The bytes did not arrive whole: the condition is not the cause. */
const LOST_ON_THE_WAY: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "IncompleteBody",
  "BadDigest",
  "XAmzContentSHA256Mismatch",
]);

/** A 400 has many other causes, too; a write without the condition then shows them. */
function mayBeOfCondition(error: unknown): boolean {
  const status = getStatus(error);
  return status === 501 || (status === 400 && !LOST_ON_THE_WAY.has(getErrorName(error)));
}

/** Deletes objects, and gives the keys that have a marker instead, in buckets that keep versions. */
export async function deleteAll(
  bucket: S3Bucket,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  keys.forEach(checkS3Key);
  const batchable = keys.filter(isBatchable);
  const marked: string[] = [];
  try {
    for (let start = 0; start < batchable.length; start += DELETE_BATCH) {
      const batch = batchable.slice(start, start + DELETE_BATCH);
      marked.push(...(await deleteBatch(bucket, batch, signal)));
    }
    for (const key of keys.filter((each) => !isBatchable(each))) {
      if (await deleteOne(bucket, key, signal)) marked.push(key);
    }
    return marked;
  } catch (error) {
    throw toStoreError(error);
  }
}

/** Some stores (Miniflare's R2) trim the keys of a batch, and then do not find them. */
function isBatchable(key: string): boolean {
  return key === key.trim();
}

async function deleteBatch(
  bucket: S3Bucket,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket.bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: false },
  });
  const { Errors = [], Deleted = [] } = await bucket.client.send(command, {
    abortSignal: limitCall(bucket, signal),
  });
  const marked = Deleted.flatMap(({ Key, DeleteMarker }) => (DeleteMarker && Key ? Key : []));
  for (const { Key } of Errors) {
    // Ceph refuses to delete an object that is just being written
    if (Key !== undefined && (await deleteOne(bucket, Key, signal))) marked.push(Key);
  }
  if (Errors.some(({ Key }) => Key === undefined)) {
    throw new MediaError("store_failed", "not all objects could be deleted", { cause: Errors[0] });
  }
  return marked;
}

async function deleteOne(
  bucket: S3Bucket,
  Key: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const command = new DeleteObjectCommand({ Bucket: bucket.bucket, Key });
  const { DeleteMarker = false } = await bucket.client.send(command, {
    abortSignal: limitCall(bucket, signal),
  });
  return DeleteMarker;
}
