import { MediaError } from "../errors.ts";
import { checkBytes } from "../transform/limits.ts";

/** Of a path, in bytes as it is written. */
export const MAX_PATH_BYTES = 2048;
/** S3's limit for an object key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

/** A first segment of this shape is a signature, be it a good one or not. */
export const SIGNATURE_SEGMENT: RegExp = /^s--(.*)--$/s;

/** Empty, a slash at either end, dot segments (which browsers resolve), control characters, no Unicode. */
const UNUSABLE = /^$|^\/|\/$|(?:^|\/)\.\.?(?:\/|$)|[\p{Cc}\p{Surrogate}]/u;

/**
 * Checks that a decoded key can be part of a URL and come back as it was.
 *
 * @throws MediaError `invalid_path` with what a key must not have.
 */
export function checkKeyText(key: string): void {
  if (!UNUSABLE.test(key)) return;
  const problem = 'empty, with "/" at an end, "." or ".." as a segment, or control characters';
  throw new MediaError("invalid_path", `the key must not be ${problem}`);
}

/**
 * Checks that a decoded key can name an object, here and in every store.
 *
 * @throws MediaError `invalid_path` with what a key must not have.
 */
export function checkKey(key: string): void {
  checkKeyText(key);
  checkBytes("the key", key, { max: MAX_KEY_BYTES });
}
