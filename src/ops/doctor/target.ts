import type { S3Client } from "@aws-sdk/client-s3";
import type { Presign } from "../../store/s3/connection.ts";

/** Objects of a bucket whose keys begin with a prefix. */
export interface TargetFolder {
  readonly bucket: string;
  readonly prefix: string;
}

/** The buckets to check, and the configuration that concerns them. */
export interface DoctorTarget {
  readonly client: S3Client;
  readonly originals: TargetFolder;
  readonly variants: TargetFolder;
  /** URL at which variants can be fetched by key, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** Signs URLs of variants; present when visitors are redirected to such URLs. */
  readonly presign?: Presign;
  /** True when the configuration wants everybody to read originals. */
  readonly arePublicOriginals: boolean;
  /** The `Cache-Control` of stored variants. */
  readonly cacheControl: string;
  /** URL of the S3 API. */
  readonly endpoint: string;
}

/** Milliseconds that one answer may take. */
export const ANSWER_MS = 8000;

export function limit(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(ANSWER_MS) };
}
