import type { ErrorCode } from "../errors.ts";
import { MediaError } from "../errors.ts";

/** The segment that ends a transform, or stands for none: what follows it is key, verbatim. */
export const FENCE = "_";

const MAX_TEXT_BYTES = 240;

/** @throws MediaError `invalid_transform` for the text of a transform that is too long. */
export function checkText(text: string): void {
  checkBytes("a transform", text, { max: MAX_TEXT_BYTES, code: "invalid_transform" });
}

/** @throws MediaError of that code when a text has more bytes of UTF-8 than it may have. */
export function checkBytes(
  what: string,
  text: string,
  { max, code = "invalid_path" }: { readonly max: number; readonly code?: ErrorCode },
): void {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= max) return;
  throw new MediaError(code, `${what} must have at most ${max} bytes, got ${bytes}`);
}
