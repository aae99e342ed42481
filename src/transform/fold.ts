import type { Field } from "./fields.ts";
import type { TransformSpec } from "./spec.ts";

/** A spec whose fields may be absent by being undefined. */
export type Loose = { readonly [K in Field]?: TransformSpec[K] | undefined };

/**
 * Folds the pixel ratio into width, height and radius, and the aspect ratio into the side that is not
 * given. An aspect ratio that stands alone stays.
 */
export function foldSize({ dpr, aspectRatio: ratio, ...spec }: TransformSpec): Loose {
  // it has at most two decimals, so hundredths are exact
  const scale = <T>(side: T): T | number =>
    dpr && Number(side) ? multiply(Number(side), Math.round(dpr * 100), 100) : side;
  const [width, height, radius] = [scale(spec.width), scale(spec.height), scale(spec.radius)];
  const sized = { ...spec, width, height, radius };
  if (!ratio || (width && height)) return sized;
  if (width) return { ...sized, height: multiply(width, ratio.height, ratio.width) };
  if (height) return { ...sized, width: multiply(height, ratio.width, ratio.height) };
  return { ...sized, aspectRatio: ratio };
}

/** `side * times / over` on integers, rounded half up once, at least 1. */
export function multiply(side: number, times: number, over: number): number {
  return Math.max(1, Math.floor((2 * side * times + over) / (2 * over)));
}
