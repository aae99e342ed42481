import type { TransformSpec } from "./spec.ts";

export type Field = keyof TransformSpec;

/**
 * How each option is written: its name and, where several share one, the word after it. The order of the
 * rows is canonical order, in which options are printed.
 */
export const LABELS: { readonly [K in Field]-?: string } = {
  width: "w",
  height: "h",
  aspectRatio: "ar",
  mode: "c",
  gravity: "g",
  crop: "crop",
  trim: "trim",
  rotate: "a",
  flip: "flip",
  background: "b",
  radius: "r",
  blur: "e_blur",
  sharpen: "e_sharpen",
  pixelate: "e_pixelate",
  brightness: "e_brightness",
  contrast: "e_contrast",
  saturation: "e_saturation",
  hue: "e_hue",
  gamma: "e_gamma",
  sepia: "e_sepia",
  tint: "e_tint",
  grayscale: "e_grayscale",
  negate: "e_negate",
  format: "f",
  quality: "q",
  animated: "fl_animated",
  attachment: "fl_attachment",
  keepIcc: "fl_keep_icc",
  lossless: "fl_lossless",
  progressive: "fl_progressive",
  version: "v",
  dpr: "dpr",
  presets: "t",
  expires: "exp",
};

/** Values that need not be written. */
export const DEFAULTS: { readonly [K in Field]?: number } = {
  blur: 100,
  sharpen: 10,
  pixelate: 8,
  sepia: 100,
};

/** The fields of a spec in canonical order. */
export const FIELDS: readonly Field[] = Object.keys(LABELS) as Field[]; // the table has exactly these keys

/** What stands before the first `_`: `e` for all effects, `fl` for all flags. */
export function nameOf(field: Field): string {
  return String(LABELS[field].split("_")[0]);
}
