import { MediaError } from "../errors.ts";
import { checkBytes } from "../transform/limits.ts";

/** Of a path, in bytes as it is written. */
export const MAX_PATH_BYTES = 2048;
/** S3's limit for an object key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

/** A first segment of this shape is a signature, be it a good one or not. */
export const SIGNATURE_SEGMENT: RegExp = /^s--(.*)--$/s;

/** Texts that no key may match, and how the refusal says it. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^$/, "must not be empty"],
  [/^\//, 'must not begin with "/"'],
  [/\/$/, 'must not end with "/"'],
  // browsers resolve them
  [/(?:^|\/)\.\.?(?:\/|$)/, 'must not have "." or ".." between its slashes'],
  [/[\p{Cc}\p{Surrogate}]/u, "must not have control characters or halves of characters"],
];

/**
 * Checks that a decoded key can be part of a URL and come back as it was.
 *
 * @throws MediaError `invalid_path` with what a key must not have.
 */
export function checkKeyText(key: string): void {
  const [, fault] = FAULTS.find(([pattern]) => pattern.test(key)) ?? [];
  if (fault === undefined) return;
  const got = key === "" ? "" : `, got ${JSON.stringify(key.slice(0, 100))}`;
  throw new MediaError("invalid_path", `the key ${fault}${got}`);
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
