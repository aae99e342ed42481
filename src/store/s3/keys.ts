import { MediaError } from "../../errors.ts";

const MAX_KEY_BYTES = 1024;

/** @throws MediaError `invalid_key`: without a key a request is about the bucket, and does that. */
export function checkS3Key(key: string): void {
  if (key === "") throw new MediaError("invalid_key", "a key must not be empty");
  const bytes = new TextEncoder().encode(key).length;
  if (bytes <= MAX_KEY_BYTES) return;
  throw new MediaError(
    "invalid_key",
    `a key in S3 must have at most ${MAX_KEY_BYTES} bytes, got ${bytes}`,
  );
}
