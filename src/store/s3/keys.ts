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

/** A key as it stands in the path of a request: each segment encoded as SigV4 has it. */
export function encodeS3Key(key: string): string {
  return encodeRest(encodeURIComponent(key)).replaceAll("%2F", "/");
}

/** Encodes the characters that `encodeURIComponent` leaves and SigV4 does not. */
export function encodeRest(encoded: string): string {
  return encoded.replaceAll(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
