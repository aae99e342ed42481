import type { S3Client } from "@aws-sdk/client-s3";
import { anySignal } from "../../async/abort.ts";
import { BucketConnection } from "./connection.ts";

export interface S3StoreOptions {
  readonly client: S3Client;
  /** Clients with sockets of their own for HEAD and GET, which then do not wait for other calls. */
  readonly headClient?: S3Client;
  readonly getClient?: S3Client;
  /** For streamed bodies and copies: without time-outs of its own. */
  readonly openClient?: S3Client;
  readonly bucket: string;
  /** The prefix of the key that the probe asks for: rights may be bound to a prefix. */
  readonly probePrefix?: string;
  /** For each call, its retries and its body included. */
  readonly timeoutMs: number;
}

/** A bucket, and facts that were learnt about it. */
export interface S3Bucket {
  readonly bucket: string;
  readonly probePrefix: string;
  readonly timeoutMs: number;
  /** For lists and deletions, which no client waits for. */
  readonly client: S3Client;
  /** For copies, which take as long as they take. */
  readonly patientClient: S3Client;
  readonly connection: BucketConnection;
  readonly heads: BucketConnection;
  readonly gets: BucketConnection;
  readonly streams: BucketConnection;
  /** Without s3:ListBucket a missing key gives 403; learnt by the probe. */
  isMissingForbidden: boolean;
}

export function createBucket(options: S3StoreOptions): S3Bucket {
  const { bucket, client, probePrefix = "", timeoutMs } = options;
  const connection = new BucketConnection(client, bucket);
  const connect = (other?: S3Client): BucketConnection =>
    other ? new BucketConnection(other, bucket) : connection;
  return {
    bucket,
    probePrefix,
    timeoutMs,
    client,
    patientClient: options.openClient ?? client,
    connection,
    heads: connect(options.headClient),
    gets: connect(options.getClient),
    streams: connect(options.openClient),
    isMissingForbidden: false,
  };
}

/** Bounds one call by the caller's signal and the store's own time-out. */
export function limitCall({ timeoutMs }: S3Bucket, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal ? anySignal([signal, timeout]) : timeout;
}
