import type { S3Client } from "@aws-sdk/client-s3";
import type { Presign } from "../../store/s3/presign.ts";

/** Where objects are: a bucket, and what their keys begin with. */
export interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

/** What is to be examined, of a configuration with buckets. */
export interface Patient {
  readonly client: S3Client;
  readonly originals: Place;
  readonly variants: Place;
  /** Where variants can be fetched by key, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** How URLs of variants are signed, where visitors are sent to such. */
  readonly presign?: Presign;
  /** Whether anybody may read originals, as the configuration has it. */
  readonly arePublicOriginals: boolean;
  /** The `Cache-Control` that variants are stored with. */
  readonly cacheControl: string;
  /** Where S3 answers. */
  readonly endpoint: string;
}

/** No check waits longer than this for one answer. */
export const ANSWER_MS = 8000;

export function limit(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(ANSWER_MS) };
}
