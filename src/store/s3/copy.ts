import type { ListObjectVersionsCommandInput, ObjectIdentifier } from "@aws-sdk/client-s3";
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import { anySignal } from "../../async/abort.ts";
import type { CopyOptions, CopyResult, EraseResult } from "../store.ts";
import type { S3Bucket } from "./bucket.ts";
import { limitCall } from "./bucket.ts";
import { getStatus, isBucketMissing, notS3, toStoreError } from "./errors.ts";
import { checkS3Key, encodeS3Key } from "./keys.ts";
import { head } from "./read.ts";
import { deleteAll } from "./write.ts";

/** The store copies gigabytes before it answers. */
const COPY_MS = 300_000;

export async function copy(
  bucket: S3Bucket,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<CopyResult> {
  // Ceph RGW 16 ignores the condition, or compares ETags without quotes
  const present = await head(bucket, from, options.signal);
  if (present?.etag !== options.ifMatch) return { kind: "changed" };
  const first = await copyOnce(bucket, from, to, options);
  if (first.kind === "copied") return first;
  const ifMatch = options.ifMatch.replaceAll('"', "");
  return copyOnce(bucket, from, to, { ...options, ifMatch });
}

async function copyOnce(
  { bucket, patientClient }: S3Bucket,
  from: string,
  to: string,
  { ifMatch, contentType, cacheControl, contentDisposition, metadata, signal }: CopyOptions,
): Promise<CopyResult> {
  checkS3Key(to);
  const command = new CopyObjectCommand({
    Bucket: bucket,
    Key: to,
    CopySource: `${bucket}/${encodeS3Key(from)}`,
    CopySourceIfMatch: ifMatch,
    MetadataDirective: "REPLACE",
    ContentType: contentType,
    CacheControl: cacheControl,
    ContentDisposition: contentDisposition,
    Metadata: { ...metadata },
  });
  const timeout = AbortSignal.timeout(COPY_MS);
  const abortSignal = signal ? anySignal([signal, timeout]) : timeout;
  try {
    const { CopyObjectResult } = await patientClient.send(command, { abortSignal });
    if (!CopyObjectResult?.ETag) throw notS3("the store did not say what it has copied");
    return { kind: "copied", etag: `"${CopyObjectResult.ETag.replaceAll('"', "")}"` };
  } catch (error) {
    const isGone = getStatus(error) === 404 && !isBucketMissing(error);
    if (isGone || getStatus(error) === 412) return { kind: "changed" };
    throw toStoreError(error);
  }
}

/** Objects in one call, each with all of its versions. */
const ERASE_BATCH = 250;

/** Deletes objects; only where that leaves a marker does the bucket keep versions, and these are deleted, too. */
export async function erase(
  bucket: S3Bucket,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<EraseResult> {
  let result: EraseResult = "none";
  for (let start = 0; start < keys.length; start += ERASE_BATCH) {
    const batch = keys.slice(start, start + ERASE_BATCH);
    const marked = await deleteAll(bucket, batch, signal);
    for (const key of marked) {
      const versions = await eraseVersions(bucket, key, signal);
      if (result !== "kept") result = versions;
    }
  }
  return result;
}

async function eraseVersions(
  bucket: S3Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<EraseResult> {
  try {
    for await (const versions of listVersions(bucket, key, signal)) {
      if (versions.length === 0) continue;
      const { Errors = [] } = await bucket.client.send(
        new DeleteObjectsCommand({
          Bucket: bucket.bucket,
          Delete: { Objects: [...versions], Quiet: true },
        }),
        { abortSignal: limitCall(bucket, signal) },
      );
      if (Errors.length > 0) return "kept";
    }
    return "deleted";
  } catch (error) {
    // no right to list or to delete versions, or a lock on them
    if (getStatus(error) === 403 || getStatus(error) === 501) return "kept";
    throw toStoreError(error);
  }
}

/** Lists the versions and markers of one key; others begin with it, too. */
async function* listVersions(
  bucket: S3Bucket,
  key: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly ObjectIdentifier[]> {
  let next: Pick<ListObjectVersionsCommandInput, "KeyMarker" | "VersionIdMarker"> = {};
  for (let isLast = false; !isLast;) {
    const page = await bucket.client.send(
      new ListObjectVersionsCommand({ Bucket: bucket.bucket, Prefix: key, ...next }),
      { abortSignal: limitCall(bucket, signal) },
    );
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    yield all
      .filter(({ Key }) => Key === key)
      .map(({ VersionId }) => ({ Key: key, ...(VersionId !== undefined && { VersionId }) }));
    isLast = !page.IsTruncated || all.some(({ Key }) => Key !== key);
    next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}
