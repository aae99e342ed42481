import { invalidTransform } from "../errors.ts";
import type { TransformSpec } from "./spec.ts";
import type { OutputFormat } from "./formats.ts";
import { getMaxPixels } from "./formats.ts";

/**
 * Refuses before anything is read what would come out too large: the modes that promise a box of exactly
 * the size that is asked for.
 *
 * @throws MediaError `invalid_transform` naming the limit of the format
 */
export function checkArea(
  { width = 0, height = 0, mode }: TransformSpec,
  format: OutputFormat,
): void {
  const most = getMaxPixels(format);
  const isExact = /fill|pad|scale/.test(mode ?? "");
  if (!isExact || width * height <= most) return;
  const problem = `"w" times "h" must be at most ${most} pixels as ${format}`;
  throw invalidTransform(`${problem}, but comes to ${width * height}`);
}
