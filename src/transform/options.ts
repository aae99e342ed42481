import { color } from "./color.ts";
import type { TransformSpec } from "./spec.ts";
import { FLIPS, FORMATS, MAX_SIDE, MODES, QUALITY_LEVELS } from "./spec.ts";
import type { ValueType } from "./values.ts";
import { crop, decimal, either, gravity, integer, oneOf, ratio } from "./values.ts";

/** One row of the table: how an option is written, and what its value may be. */
interface Option<T> {
  readonly name: string;
  /** A primary option alone makes a path segment a transform; others need company. */
  readonly isPrimary?: true;
  /** A value that starts like a number, yet is none, is a mistake and not the name of a folder. */
  readonly isNumeric?: true;
  readonly value: ValueType<T>;
}

type OptionTable = { readonly [K in keyof TransformSpec]-?: Option<NonNullable<TransformSpec[K]>> };

/** Quality levels are written `auto:eco`; `auto` is the default, `good`. */
const qualityLevel: ValueType<(typeof QUALITY_LEVELS)[number]> = {
  expected: `auto, ${QUALITY_LEVELS.map((level) => `auto:${level}`).join(", ")}`,
  parse: (text) =>
    text === "auto" ? "good" : QUALITY_LEVELS.find((level) => text === `auto:${level}`),
  print: (level) => `auto:${level}`,
};

const formats = oneOf([...FORMATS, "auto"]);

/** The options in canonical order: the order in which they are printed. */
export const OPTIONS: OptionTable = {
  width: { name: "w", isPrimary: true, isNumeric: true, value: integer(1, MAX_SIDE) },
  height: { name: "h", isPrimary: true, isNumeric: true, value: integer(1, MAX_SIDE) },
  aspectRatio: { name: "ar", isPrimary: true, isNumeric: true, value: ratio },
  mode: { name: "c", value: oneOf(MODES) },
  gravity: { name: "g", value: gravity },
  crop: { name: "crop", isPrimary: true, isNumeric: true, value: crop },
  rotate: {
    name: "a",
    isPrimary: true,
    isNumeric: true,
    value: either(angle(), oneOf(["ignore"])),
  },
  flip: { name: "flip", isPrimary: true, value: oneOf(FLIPS) },
  background: { name: "b", value: color },
  format: {
    name: "f",
    isPrimary: true,
    value: { ...formats, parse: (text) => formats.parse(text === "jpeg" ? "jpg" : text) },
  },
  quality: {
    name: "q",
    isPrimary: true,
    isNumeric: true,
    value: either(integer(1, 100), qualityLevel),
  },
  dpr: { name: "dpr", isPrimary: true, isNumeric: true, value: decimal(0.5, 5, 2) },
};

export type Field = keyof TransformSpec;

/** The fields of a spec in canonical order. */
export const FIELDS: readonly Field[] = Object.keys(OPTIONS) as Field[]; // the table has exactly these keys

/** Negative degrees, which other services use for anticlockwise, are read as what they amount to. */
function angle(): ValueType<number> {
  const clockwise = integer(0, 359);
  return {
    expected: `${clockwise.expected} (degrees, clockwise)`,
    parse: (text) => {
      if (!text.startsWith("-")) return clockwise.parse(text);
      const degrees = integer(1, 359).parse(text.slice(1));
      return degrees === undefined ? undefined : 360 - degrees;
    },
    print: clockwise.print,
  };
}
