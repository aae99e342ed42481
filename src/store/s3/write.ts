import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import { limitCall } from "./bucket.ts";
import { getErrorName, isBucketMissing, notS3, getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import { head } from "./read.ts";
import type { PutOptions, PutResult } from "../store.ts";

/** S3 takes 1000 keys; fewer are deleted within the time of one call. */
const DELETE_BATCH = 250;

/** An object to be written. */
interface Upload {
  readonly key: string;
  readonly bytes: Uint8Array;
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
    const signal = limitCall(bucket, options.signal);
    const request = { method: "PUT", key, body: bytes, headers: toHeaders(options) } as const;
    const { headers, body } = await bucket.connection.send(
      { ...request, sha256: options.sha256 },
      signal,
    );
    body.resume();
    if (!headers["etag"]) throw notS3("the store did not say what it has stored");
    return { kind: "stored", etag: headers["etag"] };
  } catch (error) {
    return readRefusal(error, options.condition);
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

export async function deleteAll(
  bucket: S3Bucket,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  keys.forEach(checkS3Key);
  const batchable = keys.filter(isBatchable);
  try {
    for (let start = 0; start < batchable.length; start += DELETE_BATCH) {
      await deleteBatch(bucket, batchable.slice(start, start + DELETE_BATCH), signal);
    }
    for (const key of keys.filter((each) => !isBatchable(each))) {
      await deleteOne(bucket, key, signal);
    }
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
): Promise<void> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket.bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
  });
  const { Errors = [] } = await bucket.client.send(command, {
    abortSignal: limitCall(bucket, signal),
  });
  for (const { Key } of Errors) {
    // Ceph refuses to delete an object that is just being written
    if (Key !== undefined) await deleteOne(bucket, Key, signal);
  }
  if (Errors.some(({ Key }) => Key === undefined)) {
    throw new MediaError("store_failed", "not all objects could be deleted", { cause: Errors[0] });
  }
}

async function deleteOne(
  bucket: S3Bucket,
  Key: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.bucket, Key });
  await bucket.client.send(command, { abortSignal: limitCall(bucket, signal) });
}
