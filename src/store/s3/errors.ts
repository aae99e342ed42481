import type { IncomingMessage } from "node:http";
import { readBody } from "../../async/body.ts";
import { MediaError } from "../../errors.ts";
import { NotS3, StoreFault } from "./diagnose.ts";

/** The HTTP status of what the SDK threw; its error names differ by operation and by store. */
export function getStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata as { readonly httpStatusCode?: number }; // the SDK's own shape
  return metadata.httpStatusCode;
}

/** The code in the body of an S3 error, such as `NoSuchBucket`. A HEAD has no body, so no code. */
export function getErrorName(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** True if the whole bucket is missing, and not the object. */
export function isBucketMissing(error: unknown): boolean {
  return getStatus(error) === 404 && getErrorName(error) === "NoSuchBucket";
}

/** Translates an error for the client; its cause has the explanation and the original error for the log. */
export function toStoreError(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  const cause = new StoreFault(error);
  if (isTimeout(error)) {
    return new MediaError("timeout", "the store did not answer in time", { cause });
  }
  return new MediaError("store_failed", "the store failed", { cause });
}

/** The error for an answer that S3 never gives: it comes from another server. */
export function notS3(message: string): MediaError {
  return new MediaError("store_failed", message, { cause: new StoreFault(new NotS3(message)) });
}

const TIMEOUTS: ReadonlySet<string> = new Set(["TimeoutError", "AbortError"]);

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // the SDK calls a reset connection a time-out, too
  const isReset = "code" in error && error.code === "ECONNRESET";
  return TIMEOUTS.has(error.name) ? !isReset : isTimeout(error.cause);
}

/** Bytes of the body of an error that are read: S3 needs a few hundred. */
const MAX_BYTES = 16 * 1024;

/** The elements of an error's body that count here. */
interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly region?: string | undefined;
}

/** An answer of S3 that is an error; shaped as the SDK's own errors are. */
export class S3Error extends Error {
  readonly status: number;
  /** The region that the bucket is in, if the answer says so. */
  readonly Region: string | undefined;
  /** The time of the server, in milliseconds since 1970; NaN if it does not say. */
  readonly date: number;
  readonly $metadata: { readonly httpStatusCode: number };
  readonly $response: { readonly headers: Readonly<Record<string, string>> };

  constructor(status: number, headers: Readonly<Record<string, string>>, body: ErrorBody) {
    super(body.message);
    this.name = body.code;
    this.status = status;
    this.Region = headers["x-amz-bucket-region"] ?? body.region;
    this.date = Date.parse(headers["date"] ?? "");
    this.$metadata = { httpStatusCode: status };
    this.$response = { headers };
  }
}

/**
 * Reads the body of an error, as far as it is one of S3.
 *
 * @throws the reason of the signal when it fires before the end
 */
export async function readErrorBody(
  body: IncomingMessage,
  signal: AbortSignal,
): Promise<ErrorBody> {
  const { bytes } = await readBody(body as AsyncIterable<Buffer>, MAX_BYTES).catch(
    (error: unknown) => {
      signal.throwIfAborted(); // otherwise it looks like a broken connection
      throw error;
    },
  );
  const text = Buffer.from(bytes).toString();
  const read = (element: string): string | undefined =>
    new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1];
  return {
    code: read("Code") ?? "UnknownError",
    message: read("Message") ?? "the answer has no message",
    region: read("Region"),
  };
}

/** The answer to a HEAD has no body. */
export function skipBody(body: IncomingMessage): ErrorBody {
  body.resume();
  return { code: "UnknownError", message: "a HEAD has no message" };
}
