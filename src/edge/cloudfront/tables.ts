import { ENLARGING, FIT_MODES, RENAMED, WORDS } from "../../transform/aliases.ts";
import { COLOR_NAMES } from "../../transform/color.ts";
import type { Field } from "../../transform/fields.ts";
import { DEFAULTS, FIELDS, LABELS, nameOf } from "../../transform/fields.ts";
import { isNumeric, isPrimary, VALUES } from "../../transform/options.ts";
import { COMPASS_POINTS, QUALITY_LEVELS } from "../../transform/spec.ts";
import { getMaxPixels, IMAGE_FORMATS } from "../../transform/formats.ts";

/*
 * The tables of the grammar in the form that the CloudFront Function works on: by what is written, and
 * not by fields. They are worked out when the Function is bundled, and are constants in it.
 */

/** What a value is: the name of its kind, or the least, the most, how many decimals, and words. */
export type Kind = string | readonly (number | string)[];

/** In canonical order. */
export const ORDER: string = FIELDS.map((field) => LABELS[field]).join(" ");

/** In that order, since objects have none of their own in the runtime; a flag's kind has no name. */
export const KINDS: readonly Kind[] = FIELDS.map(kindOf);

/** What an effect has that is given without a value. */
export const STANDARD: Readonly<Record<string, string>> = byLabel((field) => {
  const value = DEFAULTS[field];
  return value === undefined ? undefined : String(value);
});

/** Labels of what alone makes no transform. */
export const SECONDARY: RegExp = matchLabels((field) => !isPrimary(field));
/** Labels of what is meant as an option however it is misspelt. */
export const NUMERIC: RegExp = matchLabels(isNumeric);

export const ALIASES: Readonly<Record<string, string>> = Object.fromEntries(RENAMED);
export const BARE: Readonly<Record<string, string>> = Object.fromEntries(WORDS);
export const FITS: Readonly<Record<string, string>> = Object.fromEntries(FIT_MODES);
export const ENLARGED: Readonly<Record<string, string>> = ENLARGING;
export const COLORS: Readonly<Record<string, string>> = Object.fromEntries(COLOR_NAMES);
export const COMPASS: readonly string[] = COMPASS_POINTS;
export const IMAGES: readonly string[] = IMAGE_FORMATS;
export const LEVELS: readonly string[] = QUALITY_LEVELS.map((level) => `auto:${level}`);

/** The largest area of what most formats hold, and of those that hold less. */
export const MOST: number = getMaxPixels("jpg");
export const LESS: Readonly<Record<string, number>> = Object.fromEntries(
  IMAGE_FORMATS.map((format) => [format, getMaxPixels(format)] as const).filter(
    ([, most]) => most < MOST,
  ),
);

function kindOf(field: Field): Kind {
  const { kind, min = 1, max = 0, places, words = [] } = VALUES[field];
  if (kind) return kind === "flag" ? "" : kind;
  const range = words.length > 0 || places ? [min, max, places ?? 0] : [min, max];
  return [...range, ...words];
}

function byLabel<T>(valueOf: (field: Field) => T | undefined): Readonly<Record<string, T>> {
  const entries = FIELDS.map((field) => [LABELS[field], valueOf(field)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, T] => entry[1] !== undefined),
  );
}

function matchLabels(condition: (field: Field) => boolean): RegExp {
  const names = new Set(FIELDS.filter(condition).map(nameOf));
  return new RegExp(`^(?:${[...names].join("|")})(?:_|$)`);
}
