import type { Field } from "./fields.ts";
import { FIELDS, LABELS, nameOf } from "./fields.ts";
import { FLIPS, MAX_SIDE, MODES } from "./spec.ts";
import { DESCRIPTION_FORMATS, IMAGE_FORMATS } from "./formats.ts";

/** What the value of an option is: a number of a range, one of some words, or something of its own. */
interface Value {
  /** Default: a number or a word. */
  readonly kind?:
    | "flag"
    | "ratio"
    | "gravity"
    | "crop"
    | "quality"
    | "color"
    | "version"
    | "presets";
  readonly min?: number;
  readonly max?: number;
  /** Decimals, at most. Default: 0. */
  readonly places?: number;
  readonly words?: readonly string[];
}

const flag: Value = { kind: "flag" };
const color: Value = { kind: "color" };

/** What the value of each option may be; how it is written is in the table of labels. */
export const VALUES: { readonly [K in Field]-?: Value } = {
  width: range(1, MAX_SIDE),
  height: range(1, MAX_SIDE),
  aspectRatio: { kind: "ratio" },
  mode: { words: MODES },
  gravity: { kind: "gravity" },
  crop: { kind: "crop" },
  trim: range(0, 255),
  rotate: { ...range(0, 359), words: ["ignore"] },
  flip: { words: FLIPS },
  background: color,
  radius: { ...range(1, 4096), words: ["max"] },
  blur: range(15, 2000),
  sharpen: range(1, 100),
  pixelate: range(2, 200),
  brightness: range(-99, 100),
  contrast: range(-99, 100),
  saturation: range(-99, 100),
  hue: range(-180, 180),
  gamma: { ...range(0.34, 3), places: 4 },
  sepia: range(1, 100),
  tint: color,
  grayscale: flag,
  negate: flag,
  format: { words: [...IMAGE_FORMATS, "auto", ...DESCRIPTION_FORMATS] },
  quality: { kind: "quality" },
  animated: flag,
  attachment: flag,
  keepIcc: flag,
  lossless: flag,
  progressive: flag,
  version: { kind: "version" },
  dpr: { ...range(0.5, 5), places: 2 },
  presets: { kind: "presets" },
  expires: range(1, 9_999_999_999),
};

/** A primary option alone makes a path segment a transform; others need company. */
export function isPrimary(field: Field): boolean {
  return !/^(?:[cgbv]|fl|exp)$/.test(nameOf(field));
}

/** A value that starts like a number, yet is none, is a mistake in these, and not a folder's name. */
export function isNumeric(field: Field): boolean {
  return /^(?:[whqra]|ar|dpr|trim|crop)$/.test(nameOf(field));
}

/** The words of all effects (`e`) or all flags (`fl`). */
export function wordsOf(name: "e" | "fl"): string {
  const labels = FIELDS.filter((field) => nameOf(field) === name);
  return labels.map((field) => LABELS[field].slice(name.length + 1)).join(", ");
}

function range(min: number, max: number): Value {
  return { min, max };
}
