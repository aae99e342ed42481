import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3Bucket, S3StoreOptions } from "./bucket.ts";
import { createBucket, limitCall } from "./bucket.ts";
import { copy, erase } from "./copy.ts";
import { notS3, toStoreError } from "./errors.ts";
import { openBody, get, head, probe } from "./read.ts";
import { deleteAll, put } from "./write.ts";
import type { ListOptions, ListPage, ObjectStore } from "../store.ts";

/** A store in a bucket of S3, or of any server with its API. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const bucket = createBucket(options);
  return {
    probe: () => probe(bucket),
    head: (key, signal) => head(bucket, key, signal),
    get: (key, getOptions) => get(bucket, key, getOptions),
    open: (key, openOptions = {}) => openBody(bucket, key, openOptions),
    put: (key, bytes, putOptions) => put(bucket, { key, bytes, options: putOptions }),
    copy: (from, to, copyOptions) => copy(bucket, from, to, copyOptions),
    delete: async (keys, signal) => {
      await deleteAll(bucket, keys, signal);
    },
    erase: (keys, signal) => erase(bucket, keys, signal),
    list: (listOptions) => list(bucket, listOptions),
  };
}

async function list(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  const { prefix, delimiter, cursor, limit, signal } = options;
  const command = new ListObjectsV2Command({
    Bucket: bucket.bucket,
    Prefix: prefix,
    Delimiter: delimiter,
    ContinuationToken: cursor,
    MaxKeys: limit,
  });
  try {
    const output = await bucket.client.send(command, {
      abortSignal: limitCall(bucket, signal),
    });
    if (!isListing(output)) throw notS3("the store did not answer with a listing");
    const found = (output.Contents ?? []).filter(({ Key }) => Key !== undefined);
    const folders = (output.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []);
    const next = output.NextContinuationToken;
    return {
      keys: found.map(({ Key }) => String(Key)),
      ...(options.withSizes && { sizes: found.map(({ Size = 0 }) => Size) }),
      ...(delimiter && { folders }),
      ...(next !== undefined && { cursor: next }),
    };
  } catch (error) {
    throw toStoreError(error);
  }
}

/** The SDK reads an HTML page with status 200 as a listing without any field. */
function isListing(output: ListObjectsV2CommandOutput): boolean {
  const { Name, Contents, KeyCount, IsTruncated } = output;
  return [Name, Contents, KeyCount, IsTruncated].some((field) => field !== undefined);
}
