import type { S3Client } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
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
  return async (key, options) => {
    checkS3Key(key);
    const { signedAt, seconds } = options;
    try {
      const url = await sign(client, { Bucket: bucket, Key: key }, options);
      // temporary credentials take all that they have signed with them
      const { expiration } = await client.config.credentials();
      const expiresAt = Math.min(signedAt + seconds * 1000, expiration?.getTime() ?? Infinity);
      return { url, expiresAt };
    } catch (error) {
      throw toStoreError(error);
    }
  };
}

function sign(
  client: S3Client,
  input: { readonly Bucket: string; readonly Key: string },
  { method, version, signedAt, seconds }: PresignOptions,
): Promise<string> {
  const options = { signingDate: new Date(signedAt), expiresIn: seconds };
  if (method === "HEAD") {
    const command = new HeadObjectCommand(input);
    command.middlewareStack.add(addVersion(version), { step: "build" });
    return getSignedUrl(client, command, options);
  }
  const command = new GetObjectCommand(input);
  command.middlewareStack.add(addVersion(version), { step: "build" });
  return getSignedUrl(client, command, options);
}

/** Before it is signed, so that nobody can change it. */
function addVersion(version: string) {
  return <Args extends { request: unknown }, Output>(next: (args: Args) => Promise<Output>) =>
    (args: Args): Promise<Output> => {
      const { query } = args.request as { query: Record<string, string> }; // an HTTP request by then
      query["v"] = version;
      return next(args);
    };
}
