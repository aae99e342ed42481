import type { S3Client } from "@aws-sdk/client-s3";
import { BucketConnection } from "./connection.ts";
import { checkS3Key } from "./keys.ts";
import { toStoreError } from "./errors.ts";

interface PresignOptions {
  readonly method: "GET" | "HEAD";
  /** The `v` in the query, which is signed, too. */
  readonly version: string;
  /** The begin of its validity in milliseconds since 1970; the same time gives the same URL. */
  readonly signedAt: number;
  /** How long it is valid, unless the credentials expire earlier. */
  readonly seconds: number;
}

interface SignedUrl {
  /** It grants access, so it must not be logged. */
  readonly url: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Creates a URL by which anybody can read an object of a private bucket for a while. */
export type Presign = (key: string, options: PresignOptions) => Promise<SignedUrl>;

/** @param client with the endpoint that clients reach */
export function createPresign(client: S3Client, bucket: string): Presign {
  const connection = new BucketConnection(client, bucket);
  return async (key, { version, ...options }) => {
    checkS3Key(key);
    try {
      return await connection.presign({ key, query: { v: version }, ...options });
    } catch (error) {
      throw toStoreError(error);
    }
  };
}
