import { parseHex } from "./color.ts";
import type { Color, Crop, FocalPoint, Gravity, Quality, Ratio } from "./spec.ts";
import { COMPASS_POINTS, QUALITY_LEVELS } from "./spec.ts";

/** How the values of one option are written. */
export interface Codec<T> {
  /** Completes the sentence "option … must be …". */
  readonly expected: string;
  /** Reads a text; `undefined` when it is no such value. */
  parse(text: string): T | undefined;
  /** Prints the one canonical text. */
  print(value: T): string;
  /** Turns a value as programs write it into that of a spec; absent: both are the same. */
  convert?(value: unknown): unknown;
  /** Bounds of numbers, and their decimals at most. */
  readonly min?: number;
  readonly max?: number;
  readonly places?: number;
  /** Texts that are values, beside numbers or instead of them. */
  readonly words?: readonly string[];
}

const INTEGER = /^(?:0|-?[1-9]\d{0,9})$/;
const DECIMAL = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,4})?$/;
const FRACTION = /^[01]\.\d{1,4}$/;

/** The largest term of a ratio that can be typed. */
const MAX_TERM = 8192;

export function acceptInteger(min: number, max: number): Codec<number> {
  return acceptNumber(`an integer from ${min} to ${max}`, { min, max, places: 0 });
}

export function acceptDecimal(min: number, max: number, places: number): Codec<number> {
  const expected = `a number of at most ${places} decimals from ${min} to ${max}`;
  return acceptNumber(expected, { min, max, places });
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Decimals, at most. */
  readonly places?: number;
}

function acceptNumber(expected: string, range: Range): Codec<number> {
  return { ...range, expected, parse: (text) => parseNumber(text, range), print: String };
}

function parseNumber(text: string, { min, max, places = 0 }: Range): number | undefined {
  const isWritten =
    places > 0
      ? DECIMAL.test(text) && (text.split(".")[1] ?? "").length <= places
      : INTEGER.test(text);
  const value = Number(text);
  return isWritten && value >= min && value <= max ? value : undefined;
}

/** Accepts some words; the value of each is the word. */
export function acceptWord<T extends string>(words: readonly T[]): Codec<T> {
  return {
    expected: `one of ${words.join(", ")}`,
    words,
    parse: (text) => words.find((word) => word === text),
    print: String,
  };
}

/** Accepts one word beside the values of a codec. */
export function acceptAlso<T, W extends string>(codec: Codec<T>, word: W): Codec<T | W> {
  return {
    ...codec,
    expected: `${codec.expected} or ${word}`,
    words: [word],
    parse: (text) => (text === word ? word : codec.parse(text)),
    print: (value) => (value === word ? word : codec.print(value as T)), // the one or the other
  };
}

/** Clockwise degrees. */
export const ROTATION: Codec<number | "ignore"> = acceptAlso(acceptInteger(0, 359), "ignore");

/** Options that have no value: the name says all. */
export const ALONE: Codec<true> = {
  expected: "written alone",
  parse: (text) => (text === "" ? true : undefined),
  print: () => "",
};

const VERSION = /^[A-Za-z\d-]{1,64}$/;

export const VERSION_TAG: Codec<string> = {
  expected: "letters, digits and hyphens",
  parse: (text) => (VERSION.test(text) ? text : undefined),
  print: String,
};

/** One preset's name. */
export const PRESET_NAME: RegExp = /^[a-z\d][a-z\d-]{0,63}$/;

export const PRESET_NAMES: Codec<readonly string[]> = {
  expected: "names of presets, joined by dots",
  parse: (text) => {
    const names = text.split(".");
    return names.every((name) => PRESET_NAME.test(name)) ? names : undefined;
  },
  print: (names) => names.join("."),
};

export const COLOR: Codec<Color> = {
  expected: "like f00, ff0000 or red",
  parse: parseHex,
  print: String,
  convert: (value) => parseHex(String(value)) ?? value,
};

export const OPAQUE_COLOR: Codec<Color> = {
  ...COLOR,
  expected: "like f00, ff0000 or red, without alpha",
  parse: (text) => {
    const value = parseHex(text);
    return value?.length === 6 ? value : undefined;
  },
};

const QUALITY_WORDS = QUALITY_LEVELS.map((level) => `auto:${level}`);

/** Levels are written `auto:eco`; `auto` is the default, `good`. */
export const QUALITY: Codec<Quality> = {
  expected: `an integer from 1 to 100, auto, or one of ${QUALITY_WORDS.join(", ")}`,
  words: QUALITY_WORDS,
  min: 1,
  max: 100,
  parse: (text) => {
    if (text === "auto") return "good";
    const level = QUALITY_LEVELS.find((name) => text === `auto:${name}` || text === name);
    return level ?? parseNumber(text, { min: 1, max: 100 });
  },
  print: (value) => (typeof value === "string" ? `auto:${value}` : String(value)),
  convert: (value) => (typeof value === "string" ? value.replace(/^auto:/, "") : value),
};

export const RATIO: Codec<Ratio> = {
  expected: "like 16:9 or 1.5",
  parse: (text) => {
    const [left = "", right, ...rest] = text.split(":");
    if (rest.length > 0) return undefined;
    if (right === undefined) {
      const value = parseNumber(left, { min: 0.0001, max: MAX_TERM, places: 4 });
      return value === undefined ? undefined : reduceRatio(value);
    }
    const width = parseNumber(left, { min: 1, max: MAX_TERM });
    const height = parseNumber(right, { min: 1, max: MAX_TERM });
    return width && height ? reduceRatio(width, height) : undefined;
  },
  // a number can have terms that may not be typed; then it has at most four decimals
  print: ({ width, height }) =>
    Math.max(width, height) <= MAX_TERM
      ? `${width}:${height}`
      : String(roundFraction(width / height)),
  convert: (value) => {
    const terms = isRatio(value) ? [value.width, value.height] : String(value).split(":");
    const [width = 0, height] = terms.map(Number);
    const given = reduceRatio(width, height);
    // terms that cannot be typed are rounded to what a URL keeps of them
    return height && Math.max(given.width, given.height) > MAX_TERM
      ? reduceRatio(width / height)
      : given;
  },
};

function isRatio(value: unknown): value is Ratio {
  return typeof value === "object";
}

/** Brings a ratio into lowest terms; a lone number has at most four decimals. */
export function reduceRatio(width: number, height?: number): Ratio {
  // ten-thousandths are exact
  if (height === undefined) return reduceRatio(Math.round(width * 10_000), 10_000);
  let [a, b] = [width, height];
  while (b) [a, b] = [b, a % b]; // NaN ends it too
  return { width: width / a, height: height / a };
}

const GRAVITY_WORDS = acceptWord([...COMPASS_POINTS, "auto", "entropy"]);

export const GRAVITY: Codec<Gravity> = {
  ...GRAVITY_WORDS,
  expected: `${GRAVITY_WORDS.expected} or a point like 0.3x0.7`,
  parse: (text) => GRAVITY_WORDS.parse(text) ?? parseFocalPoint(text),
  print: (value) =>
    typeof value === "string" ? value : `${roundFraction(value.x)}x${roundFraction(value.y)}`,
};

function parseFocalPoint(text: string): FocalPoint | undefined {
  const [x, y, ...rest] = text.split("x").map(parseUnit);
  return x === undefined || y === undefined || rest.length > 0 ? undefined : { x, y };
}

function parseUnit(text: string): number | undefined {
  return parseNumber(text, { min: 0, max: 1, places: 4 });
}

export const CROP: Codec<Crop> = {
  expected: "like 10_20_300_200 or 0.1_0.0_0.5_1.0",
  parse: (text) => {
    const parts = text.split("_");
    if (parts.length !== 4) return undefined;
    const isFraction = parts.every((part) => FRACTION.test(part));
    const [x, y, width, height] = parts.map((part, index) =>
      isFraction ? parseUnit(part) : parseNumber(part, { min: index < 2 ? 0 : 1, max: 65_535 }),
    );
    if (x === undefined || y === undefined || !width || !height) return undefined;
    return { unit: isFraction ? "fraction" : "pixel", x, y, width, height };
  },
  print: ({ unit, x, y, width, height }) =>
    [x, y, width, height].map(unit === "fraction" ? printFraction : String).join("_"),
};

/** The dot tells a fraction (1.0) from a pixel (1). */
function printFraction(fraction: number): string {
  const rounded = roundFraction(fraction);
  return rounded % 1 === 0 ? `${rounded}.0` : String(rounded);
}

/** Fractions that a program has worked out have more decimals than can be typed. */
function roundFraction(fraction: number): number {
  return Math.round(fraction * 10_000) / 10_000;
}
