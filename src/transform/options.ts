import type { Codec } from "./codecs.ts";
import {
  ALONE,
  COLOR,
  CROP,
  acceptDecimal,
  GRAVITY,
  acceptInteger,
  acceptWord,
  OPAQUE_COLOR,
  acceptAlso,
  PRESET_NAMES,
  QUALITY,
  RATIO,
  ROTATION,
  VERSION_TAG,
} from "./codecs.ts";
import type { FormatFeature } from "./formats.ts";
import { DESCRIPTION_FORMATS, IMAGE_FORMATS } from "./formats.ts";
import type { TransformSpec } from "./spec.ts";
import { FLIPS, MAX_SIDE, MODES } from "./spec.ts";

export type Field = keyof TransformSpec;

/** The facts of one option: how it is written, and what it counts for. */
export interface Option<T = unknown> extends OptionFacts<T> {
  /** How it is written without its value: `w`, `e_blur`, `fl_lossless`. */
  readonly label: string;
  /** The part of the label before its first `_`, which effects share, and flags. */
  readonly name: string;
  /** The part after it, of effects and flags. */
  readonly word?: string;
  readonly codec: Codec<T>;
}

interface OptionFacts<T> {
  /** Other names, on input. */
  readonly aliases?: readonly string[];
  /** Makes no transform of a segment that has nothing else: `c_fill/` is a folder. */
  readonly isSecondary?: boolean;
  /** A value that starts like a number and is none is a mistake, and never the name of a folder. */
  readonly isNumeric?: boolean;
  /** Multiplied by `dpr`. */
  readonly isScaled?: boolean;
  /**
   * The part that it changes. `image`, the default: the pixels. `file`: how they are encoded, named and given out. `request`:
   * other options, so that it is no part of a normalized spec.
   */
  readonly affects?: "file" | "request";
  /** It changes nothing in formats without this. */
  readonly needs?: FormatFeature;
  /** Beside a description, such as `f_json`. Default: it changes nothing. */
  readonly whenDescribing?: "counts" | "is refused";
  /** The value of an effect or flag that is written without one. */
  readonly implied?: T;
  /** The value, beside 0, that leaves everything as it is. `none`: not even 0 does. */
  readonly neutral?: T | "none";
}

const REFUSED = { whenDescribing: "is refused" } as const;
const SIDE = { isNumeric: true, isScaled: true, ...REFUSED };

/**
 * One row for each option. The order of the rows is canonical order, in which options are printed and
 * effects run.
 */
export const OPTIONS: { readonly [K in Field]-?: Option<NonNullable<TransformSpec[K]>> } = {
  width: makeOption("w", acceptInteger(1, MAX_SIDE), { ...SIDE, aliases: ["width"] }),
  height: makeOption("h", acceptInteger(1, MAX_SIDE), { ...SIDE, aliases: ["height"] }),
  aspectRatio: makeOption("ar", RATIO, { isNumeric: true, aliases: ["ratio"], ...REFUSED }),
  mode: makeOption("c", acceptWord(MODES), { isSecondary: true, ...REFUSED }),
  gravity: makeOption("g", GRAVITY, {
    aliases: ["gravity", "position", "pos"],
    isSecondary: true,
    neutral: "center",
  }),
  crop: makeOption("crop", CROP, {
    aliases: ["extract"],
    isNumeric: true,
    whenDescribing: "counts",
  }),
  trim: makeOption("trim", acceptInteger(0, 255), {
    isNumeric: true,
    whenDescribing: "counts",
    neutral: "none",
  }),
  // of a rotation a description has only `ignore`
  rotate: makeOption("a", ROTATION, {
    aliases: ["rotate"],
    isNumeric: true,
    whenDescribing: "counts",
  }),
  flip: makeOption("flip", acceptWord(FLIPS)),
  background: makeOption("b", COLOR, { aliases: ["background"], isSecondary: true }),
  radius: makeOption("r", acceptAlso(acceptInteger(1, 4096), "max"), SIDE),
  blur: makeEffect("blur", acceptInteger(15, 2000), { implied: 100 }),
  sharpen: makeEffect("sharpen", acceptInteger(1, 100), { implied: 10 }),
  pixelate: makeEffect("pixelate", acceptInteger(2, 200), { implied: 8 }),
  brightness: makeEffect("brightness", acceptInteger(-99, 100)),
  contrast: makeEffect("contrast", acceptInteger(-99, 100)),
  saturation: makeEffect("saturation", acceptInteger(-99, 100)),
  hue: makeEffect("hue", acceptInteger(-180, 180)),
  gamma: makeEffect("gamma", acceptDecimal(0.34, 3, 4), { neutral: 1 }),
  sepia: makeEffect("sepia", acceptInteger(1, 100), { implied: 100 }),
  tint: makeEffect("tint", OPAQUE_COLOR),
  grayscale: makeEffect("grayscale", ALONE, { implied: true }),
  negate: makeEffect("negate", ALONE, { implied: true }),
  format: makeOption("f", acceptWord([...IMAGE_FORMATS, "auto", ...DESCRIPTION_FORMATS]), {
    aliases: ["format"],
    affects: "file",
  }),
  quality: makeOption("q", QUALITY, {
    aliases: ["quality"],
    isNumeric: true,
    affects: "file",
    needs: "hasQuality",
    neutral: "good",
    ...REFUSED,
  }),
  animated: makeFlag("animated", { affects: "request" }), // it asks for the default
  attachment: makeFlag("attachment", { affects: "file", whenDescribing: "counts" }),
  keepIcc: makeFlag("keep_icc", { needs: "hasProfile" }),
  lossless: makeFlag("lossless", { affects: "file", needs: "hasLossless" }),
  progressive: makeFlag("progressive", { affects: "file", needs: "hasProgressive" }),
  still: makeFlag("still", { needs: "hasMotion" }),
  version: makeOption("v", VERSION_TAG, {
    isSecondary: true,
    affects: "file",
    whenDescribing: "counts",
  }),
  dpr: makeOption("dpr", acceptDecimal(0.5, 5, 2), { isNumeric: true, affects: "request" }),
  presets: makeOption("t", PRESET_NAMES, { affects: "request" }),
  expires: makeOption("exp", acceptInteger(1, 9_999_999_999), {
    isSecondary: true,
    affects: "request",
  }),
};

function makeOption<T>(label: string, codec: Codec<T>, facts: OptionFacts<T> = {}): Option<T> {
  return { label, name: label, codec, ...facts };
}

function makeEffect<T>(word: string, codec: Codec<T>, facts: OptionFacts<T> = {}): Option<T> {
  return { label: `e_${word}`, name: "e", word, codec, ...REFUSED, ...facts };
}

function makeFlag(word: string, facts: OptionFacts<true>): Option<true> {
  const common = { label: `fl_${word}`, name: "fl", word };
  return { ...common, codec: ALONE, isSecondary: true, implied: true, ...facts };
}

/** The fields of a spec in canonical order. */
export const FIELDS: readonly Field[] = Object.keys(OPTIONS) as Field[]; // exactly these keys

/** The names of options: `w`, and `e` for all effects. */
export const OPTION_NAMES: readonly string[] = [
  ...new Set(FIELDS.map((field) => OPTIONS[field].name)),
];

/** Prints a spec in canonical order. `parseTransform` reads it back. */
export function printTransform(spec: TransformSpec): string {
  let text = "";
  let last = "";
  for (const field of FIELDS) {
    const value = spec[field];
    if (value === undefined) continue;
    const { name, word } = OPTIONS[field];
    // flags stand together in one piece
    text += name === "fl" && last === name ? `.${word}` : `,${printPiece(field, value)}`;
    last = name;
  }
  return text.slice(1);
}

type Value = NonNullable<TransformSpec[Field]>;

/** Prints one option as it is written alone. */
export function printPiece(field: Field, value: Value): string {
  return writePiece(field, value === OPTIONS[field].implied ? "" : printValue(field, value));
}

/** Prints the one canonical text of a value, without its label. */
export function printValue(field: Field, value: Value): string {
  const { codec }: Option = OPTIONS[field];
  return codec.print(value);
}

/** Puts the label of an option before the text of its value. */
export function writePiece(field: Field, text: string): string {
  const { label, name } = OPTIONS[field];
  if (text === "") return label;
  return label + (name === "e" ? ":" : "_") + text;
}
