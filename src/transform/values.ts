import type { Crop, FocalPoint, Gravity, Ratio } from "./spec.ts";
import { COMPASS } from "./spec.ts";

/** One kind of option value: its text, both ways, and what a correct text looks like. */
export interface ValueType<T> {
  /** Completes the sentence "… must be …". */
  readonly expected: string;
  /** `undefined` when the text is not a value of this kind. */
  parse(text: string): T | undefined;
  /** The one canonical text of a value. */
  print(value: T): string;
}

const INTEGER = /^(?:0|[1-9]\d{0,8})$/;
const DECIMAL = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,4})?$/;
const FRACTION = /^[01]\.\d{1,4}$/;

export function integer(min: number, max: number): ValueType<number> {
  return {
    expected: `an integer from ${min} to ${max}`,
    parse: (text) => inRange(INTEGER.test(text) ? Number(text) : undefined, min, max),
    print: String,
  };
}

/** A decimal with at most `places` (up to 4) digits after the dot. */
export function decimal(min: number, max: number, places: number): ValueType<number> {
  return {
    expected: `a number from ${min} to ${max} with at most ${places} decimals`,
    parse: (text) => {
      const fits = DECIMAL.test(text) && (text.split(".")[1] ?? "").length <= places;
      return inRange(fits ? Number(text) : undefined, min, max);
    },
    print: String,
  };
}

export function oneOf<const T extends string>(values: readonly T[]): ValueType<T> {
  return {
    expected: `one of ${values.join(", ")}`,
    parse: (text) => values.find((value) => value === text),
    print: (value) => value,
  };
}

/** `first`, and where that does not fit, `second`. */
export function either<A extends number, B extends string>(
  first: ValueType<A>,
  second: ValueType<B>,
): ValueType<A | B> {
  return {
    expected: `${first.expected}, or ${second.expected}`,
    parse: (text) => first.parse(text) ?? second.parse(text),
    print: (value) => (typeof value === "number" ? first.print(value) : second.print(value)),
  };
}

const MAX_TERM = 8192;
const term = integer(1, MAX_TERM);
const quotient = decimal(0.0001, MAX_TERM, 4);

export const ratio: ValueType<Ratio> = {
  expected: "a ratio W:H of integers from 1 to 8192, or a number above 0 with at most 4 decimals",
  parse: (text) => {
    const [left = "", right, ...rest] = text.split(":");
    if (rest.length > 0) return undefined;
    if (right === undefined) {
      const value = quotient.parse(left);
      // at most 4 decimals, so ten-thousandths are exact
      return value === undefined ? undefined : reduce(Math.round(value * 10_000), 10_000);
    }
    const width = term.parse(left);
    const height = term.parse(right);
    return width === undefined || height === undefined ? undefined : reduce(width, height);
  },
  // a number can have terms that may not be typed; then it has at most four decimals
  print: ({ width, height }) =>
    Math.max(width, height) <= MAX_TERM ? `${width}:${height}` : String(toPlaces(width / height)),
};

/** The words that sharp and IPX use for positions, beside the compass points. */
const GRAVITY_WORDS: Readonly<Record<string, Gravity>> = {
  centre: "center",
  top: "north",
  right: "east",
  bottom: "south",
  left: "west",
  right_top: "north_east",
  top_right: "north_east",
  right_bottom: "south_east",
  bottom_right: "south_east",
  left_bottom: "south_west",
  bottom_left: "south_west",
  left_top: "north_west",
  top_left: "north_west",
  northeast: "north_east",
  southeast: "south_east",
  southwest: "south_west",
  northwest: "north_west",
  attention: "auto",
};

export const gravity: ValueType<Gravity> = {
  expected: `one of ${Object.keys(COMPASS).join(", ")}, auto, entropy, or a focal point such as 0.3x0.7`,
  parse: (text) => {
    const word = text.replaceAll(/[- ]/g, "_");
    if (word === "auto" || word === "entropy") return word;
    if (Object.hasOwn(COMPASS, word)) return word as keyof typeof COMPASS; // hasOwn has just said so
    if (Object.hasOwn(GRAVITY_WORDS, word)) return GRAVITY_WORDS[word];
    return parseFocalPoint(text);
  },
  print: (value) =>
    typeof value === "string" ? value : `${toPlaces(value.x)}x${toPlaces(value.y)}`,
};

const unit = decimal(0, 1, 4);

function parseFocalPoint(text: string): FocalPoint | undefined {
  const [left = "", right = "", ...rest] = text.split("x");
  const x = unit.parse(left);
  const y = unit.parse(right);
  return x === undefined || y === undefined || rest.length > 0 ? undefined : { x, y };
}

const offset = integer(0, 65_535);
const length = integer(1, 65_535);

export const crop: ValueType<Crop> = {
  expected:
    "X_Y_W_H, either four integers (pixels) or four fractions from 0.0 to 1.0, each with its dot",
  parse: (text) => {
    const parts = text.split("_");
    if (parts.length !== 4) return undefined;
    const isFraction = parts.every((part) => FRACTION.test(part));
    const [x, y, width, height] = parts.map((part, index) =>
      isFraction ? unit.parse(part) : (index < 2 ? offset : length).parse(part),
    );
    if (x === undefined || y === undefined || !width || !height) return undefined;
    return { unit: isFraction ? "fraction" : "pixel", x, y, width, height };
  },
  print: (value) =>
    [value.x, value.y, value.width, value.height]
      // the dot is what tells a fraction (1.0) from a pixel (1)
      .map((n) => (value.unit === "fraction" ? printFraction(toPlaces(n)) : String(n)))
      .join("_"),
};

/** Fractions that a program has worked out have more decimals than one can type. */
function toPlaces(fraction: number): number {
  return Math.round(fraction * 10_000) / 10_000;
}

function printFraction(fraction: number): string {
  return Number.isInteger(fraction) ? fraction.toFixed(1) : String(fraction);
}

function inRange(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}

function reduce(width: number, height: number): Ratio {
  let [a, b] = [width, height];
  while (b !== 0) [a, b] = [b, a % b];
  return { width: width / a, height: height / a };
}
