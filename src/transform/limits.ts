import type { ErrorCode } from "../errors.ts";
import { MediaError } from "../errors.ts";

/** Longest text of a transform, as typed and in canonical form, in bytes of UTF-8. */
const MAX_TRANSFORM_BYTES = 240;

/** @throws MediaError `invalid_transform` when the text of a transform is too long. */
export function checkTransformLength(text: string): void {
  checkBytes("a transform", text, { max: MAX_TRANSFORM_BYTES, code: "invalid_transform" });
}

/** @throws MediaError of that code when a text has more bytes of UTF-8 than it may have. */
export function checkBytes(
  name: string,
  text: string,
  { max, code = "invalid_path" }: { readonly max: number; readonly code?: ErrorCode },
): void {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= max) return;
  throw new MediaError(code, `${name} must have at most ${max} bytes, got ${bytes}`);
}
