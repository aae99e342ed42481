import { MediaError } from "../../errors.ts";
import type { Size } from "../plan/sizes.ts";
import type { InputFormat, InputHeader } from "./formats.ts";
import { explainRefusal, INPUTS, limitPixels, sniffFormat } from "./formats.ts";
import type { ImageLimits } from "./limits.ts";

export interface AdmittedOriginal {
  readonly format: InputFormat;
  /** The original, without what only takes time to read. */
  readonly bytes: Uint8Array;
}

/**
 * Lets an original through to the decoders by its bytes; its name and declared type play no part.
 *
 * @throws MediaError `unsupported_original` for a format that is not read, `unusable_original` for a file that would
 * cost too much
 */
export function admitOriginal(bytes: Uint8Array): AdmittedOriginal {
  const format = sniffFormat(bytes);
  if (!format) throw new MediaError("unsupported_original", explainRefusal(bytes));
  return { format, bytes: INPUTS[format].admit?.(bytes) ?? bytes };
}

/** @throws MediaError `unusable_original` naming the limit that the original exceeds, and its variable */
export function checkDimensions(
  { width, height }: Size,
  limits: ImageLimits,
  { format, header }: { readonly format: InputFormat; readonly header?: InputHeader | undefined },
): void {
  const { pixels, variable } = (INPUTS[format].limitPixels ?? limitPixels)(limits, header);
  const is = `the original is ${width}×${height}`;
  if (Math.max(width, height) > limits.maxSide) {
    const problem = `${is}, but no side may be over ${limits.maxSide} pixels (MAX_ORIGINAL_SIDE)`;
    throw new MediaError("unusable_original", problem);
  }
  if (width * height <= pixels) return;
  const problem = `${is}, but ${format} originals may have at most ${pixels} pixels (${variable})`;
  throw new MediaError("unusable_original", problem);
}

/** Memory for all pixels of an original, and what its decoder holds meanwhile: most of what an image process has. */
const MAX_HELD_BYTES = 500_000_000;
/** libjpeg keeps two bytes for each coefficient of a JPEG of several scans. */
const COEFFICIENT_BYTES = 6;

/** @throws MediaError `unusable_original` when an image that could be reduced row by row is too large to be held as a whole */
export function checkHeld(
  { width, height }: Size,
  { channels, isStreamed }: { readonly channels: number; readonly isStreamed: boolean },
): void {
  const bytes = width * height * (channels + (isStreamed ? 0 : COEFFICIENT_BYTES));
  if (bytes <= MAX_HELD_BYTES) return;
  const problem = `the original is ${width}×${height}, which takes ${bytes} bytes to be looked at as a whole`;
  const hint = `but may take at most ${MAX_HELD_BYTES}: ask for it without "trim"`;
  throw new MediaError("unusable_original", `${problem}, ${hint}`);
}
