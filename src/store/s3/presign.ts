import type { S3Client } from "@aws-sdk/client-s3";
import { BucketConnection } from "./connection.ts";
import { checkS3Key } from "./keys.ts";
import { toStoreError } from "./errors.ts";

interface PresignOptions {
  readonly method: "GET" | "HEAD";
  /** A `v` in the query, which is signed like all of it. */
  readonly version: string;
  /** From when it is good, in milliseconds since 1970: the same gives the same URL. */
  readonly signedAt: number;
  /** For how long, by the credentials that sign it at most. */
  readonly seconds: number;
}

interface SignedUrl {
  /** It is as good as a key: not for the log. */
  readonly url: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A URL by which anybody can read an object of a private bucket for a while. */
export type Presign = (key: string, options: PresignOptions) => Promise<SignedUrl>;

/** @param client with the endpoint that those who get the URLs can reach */
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
