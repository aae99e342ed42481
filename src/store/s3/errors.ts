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
