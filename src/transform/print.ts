import type { Field } from "./fields.ts";
import { DEFAULTS, FIELDS, LABELS } from "./fields.ts";
import type { Crop, FocalPoint, Ratio, TransformSpec } from "./spec.ts";

/** The largest term of a ratio that can be typed. */
export const MAX_TERM = 8192;

/** Prints a spec in canonical order. `parseTransform` gives it back. */
export function printTransform(spec: TransformSpec): string {
  let text = "";
  for (const field of FIELDS) {
    const value = spec[field];
    if (value === undefined) continue;
    const piece = printPiece(field, value);
    // flags stand together in one piece
    const isNext = piece.startsWith("fl_") && text.includes("fl_");
    text += isNext ? `.${piece.slice(3)}` : `,${piece}`;
  }
  return text.slice(1);
}

type Value = NonNullable<TransformSpec[Field]>;

/** One option as it is written alone. */
export function printPiece(field: Field, value: Value): string {
  const label = LABELS[field];
  if (value === true || value === DEFAULTS[field]) return label;
  return label + (label.startsWith("e_") ? ":" : "_") + printValue(field, value);
}

/** The one canonical text of a value, without its label. */
function printValue(field: Field, value: Value): string {
  if (Array.isArray(value)) return value.join(".");
  if (typeof value !== "object") {
    return field === "quality" && typeof value === "string" ? `auto:${value}` : String(value);
  }
  if (!("x" in value)) return printRatio(value as Ratio); // what is left beside crops and points
  return "width" in value ? printCrop(value) : printPoint(value);
}

function printPoint({ x, y }: FocalPoint): string {
  return `${toPlaces(x)}x${toPlaces(y)}`;
}

/** A number can have terms that may not be typed; then it has at most four decimals. */
function printRatio({ width, height }: Ratio): string {
  return Math.max(width, height) <= MAX_TERM
    ? `${width}:${height}`
    : String(toPlaces(width / height));
}

function printCrop({ unit, x, y, width, height }: Crop): string {
  return [x, y, width, height]
    .map((n) => {
      if (unit !== "fraction") return n;
      const places = toPlaces(n);
      // the dot is what tells a fraction (1.0) from a pixel (1)
      return places % 1 === 0 ? `${places}.0` : places;
    })
    .join("_");
}

/** Fractions that a program has worked out have more decimals than one can type. */
function toPlaces(fraction: number): number {
  return Math.round(fraction * 10_000) / 10_000;
}
