import { MediaError } from "../../errors.ts";
import type { Size } from "../plan/sizes.ts";
import type { InputFormat } from "./formats.ts";
import { explainRefusal, INPUTS, sniffFormat } from "./formats.ts";
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

/** @throws MediaError `unusable_original` naming the limit that the original exceeds */
export function checkDimensions(
  { width, height }: Size,
  format: InputFormat,
  limits: ImageLimits,
): void {
  const maxPixels = INPUTS[format].maxPixels?.(limits) ?? limits.maxPixels;
  const is = `the original is ${width}×${height}`;
  if (Math.max(width, height) > limits.maxSide) {
    const problem = `${is}, but no side may be over ${limits.maxSide} pixels`;
    throw new MediaError("unusable_original", problem);
  }
  if (width * height > maxPixels) {
    const problem = `${is}, but ${format} originals may have at most ${maxPixels} pixels`;
    throw new MediaError("unusable_original", problem);
  }
}
