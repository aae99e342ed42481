import { flattenOnWhite } from "./color.ts";
import { FIELDS } from "./fields.ts";
import type { Loose } from "./fold.ts";
import { foldSize } from "./fold.ts";
import type { Gravity, Mode, OutputFormat, TransformSpec } from "./spec.ts";
import { COMPASS_POINTS } from "./spec.ts";

type Format = OutputFormat | "auto";

/**
 * Folds and drops what cannot change an image of that format, without looking for contradictions: the
 * part of `normalizeTransform` that a builder of URLs needs.
 */
export function normalizeImage(spec: TransformSpec, format: Format): TransformSpec {
  const folded = foldSize(spec);
  const mode = foldMode(folded);
  const crop = foldCrop(spec);
  // a point is one of the original, and a compass point one of what is left of it
  const isCut = crop ?? spec.trim !== undefined;
  const gravity = isCut ? spec.gravity : nameCompass(spec.gravity);
  return compact({
    ...folded,
    format: undefined, // given beside the spec
    expires: undefined,
    presets: undefined,
    mode,
    gravity: foldGravity(gravity, { ...folded, mode }),
    crop,
    background: foldBackground(spec.background, format),
    // half a turn is the same in both directions
    hue: spec.hue === -180 ? 180 : spec.hue,
    // what is lossless has all of it
    quality: countFor(format, spec.lossless ? /jpg/ : /jpg|webp|avif/, spec.quality),
    animated: countFor(format, /gif|webp/, spec.animated),
    keepIcc: format === "gif" ? undefined : spec.keepIcc,
    lossless: countFor(format, /webp|avif/, spec.lossless),
    progressive: countFor(format, /jpg|png/, spec.progressive),
  });
}

/** In canonical order, and without what is absent or leaves everything as it is. */
export function compact(spec: Loose): TransformSpec {
  const present: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const value = spec[field];
    const isNeutral = value === 0 ? field !== "trim" : value === NEUTRAL[field];
    if (value !== undefined && !isNeutral) present[field] = value;
  }
  return present; // the same fields, fewer of them
}

/** What is the same as nothing, beside zero. */
const NEUTRAL: TransformSpec = { gravity: "center", gamma: 1, quality: "good" };

/** What counts only for some formats, and so for `auto`. */
function countFor<T>(format: Format, formats: RegExp, value: T): T | undefined {
  return format === "auto" || formats.test(format) ? value : undefined;
}

function foldMode({ width, height, aspectRatio, mode }: Loose): Mode | undefined {
  if (aspectRatio) return isPadding(mode) ? "pad" : undefined;
  if (width && height) return mode === "lfill" ? undefined : mode;
  return (width ?? height) && isEnlarging(mode) ? "fit" : undefined;
}

function isPadding(mode: Mode | undefined): boolean {
  return mode === "pad" || mode === "lpad";
}

function isEnlarging(mode: Mode | undefined): boolean {
  return /^[fps]/.test(mode ?? ""); // fill, fit, pad, scale
}

function foldGravity(gravity: Gravity | undefined, spec: Loose): Gravity | undefined {
  const { width, height, aspectRatio, mode } = spec;
  if (!aspectRatio && !(width && height)) return undefined;
  if (!mode || mode === "fill") return gravity;
  // there is nothing to attend to when placing a whole image
  return isPadding(mode) && gravity !== "auto" && gravity !== "entropy" ? gravity : undefined;
}

/** A focal point that coincides with a compass point is that compass point. */
function nameCompass(gravity: Gravity | undefined): Gravity | undefined {
  if (typeof gravity !== "object") return gravity;
  const [column, row] = [gravity.x * 2, gravity.y * 2];
  // three points to a row, half a side apart
  return (column % 1 === 0 && row % 1 === 0 && COMPASS_POINTS[column + 3 * row]) || gravity;
}

/** The whole image is no crop. */
export function foldCrop({ crop }: TransformSpec): TransformSpec["crop"] {
  const isWhole =
    crop?.unit === "fraction" && crop.x + crop.y === 0 && crop.width * crop.height === 1;
  return isWhole ? undefined : crop;
}

/** JPEG has no alpha: what shows through a translucent background there is white, the default. */
function foldBackground(background: string | undefined, format: Format): string | undefined {
  const flat = background && (format === "jpg" ? flattenOnWhite(background) : background);
  const isDefault = format === "jpg" ? flat === "ffffff" : /^.{6}00$/.test(flat ?? "");
  return isDefault && format !== "auto" ? undefined : flat;
}
