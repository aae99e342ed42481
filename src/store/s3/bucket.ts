import type { S3Client } from "@aws-sdk/client-s3";
import { anySignal } from "../../abort.ts";

export interface S3StoreOptions {
  readonly client: S3Client;
  /** With sockets of its own for HEAD, and for GET: those are not to wait for the others. */
  readonly headClient?: S3Client;
  readonly getClient?: S3Client;
  /** For bodies that are read as somebody takes them: it must not mind a socket that rests. */
  readonly openClient?: S3Client;
  readonly bucket: string;
  /** Where to ask for a key that nobody has: rights may end at a prefix. */
  readonly probePrefix?: string;
  /** For each call, its retries and its body included. */
  readonly timeoutMs: number;
}

/** A bucket, and what was learnt about it. */
export interface S3Bucket extends S3StoreOptions {
  /** Without s3:ListBucket a missing key is a 403; learnt by the probe. */
  isMissingForbidden: boolean;
}

export interface CallLimits {
  readonly abortSignal: AbortSignal;
}

/** The end of one call: the caller's, or the store's own time-out. */
export function limitCall({ timeoutMs }: S3Bucket, signal?: AbortSignal): CallLimits {
  const timeout = AbortSignal.timeout(timeoutMs);
  return { abortSignal: signal ? anySignal([signal, timeout]) : timeout };
}
