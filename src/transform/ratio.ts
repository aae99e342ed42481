import type { Ratio } from "./spec.ts";

/** Brings a ratio into lowest terms; a lone number has at most four decimals. */
export function reduceRatio(width: number, height?: number): Ratio {
  // ten-thousandths are exact
  if (height === undefined) return reduceRatio(Math.round(width * 10_000), 10_000);
  let [a, b] = [width, height];
  while (b) [a, b] = [b, a % b]; // what is no number ends it too
  return { width: width / a, height: height / a };
}
