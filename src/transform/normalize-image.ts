import { flattenOnWhite } from "./color.ts";
import { FIELDS } from "./fields.ts";
import type { Loose } from "./fold.ts";
import { foldSize } from "./fold.ts";
import type { Gravity, Mode, TransformSpec } from "./spec.ts";
import type { FormatFeature, OutputFormat } from "./formats.ts";
import { FORMATS, hasFeature, isImageFormat } from "./formats.ts";
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
  const keep = <T>(feature: FormatFeature, value: T): T | undefined =>
    format === "auto" || hasFeature(format, feature) ? value : undefined;
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
    quality: isLossless(spec, format) ? undefined : keep("hasQuality", spec.quality),
    animated: keep("hasMotion", spec.animated),
    keepIcc: keep("hasProfile", spec.keepIcc),
    lossless: keep("hasLossless", spec.lossless),
    progressive: keep("hasProgressive", spec.progressive),
  });
}

/** Then a quality changes nothing. */
function isLossless({ lossless }: TransformSpec, format: Format): boolean {
  return lossless === true && format !== "auto" && hasFeature(format, "hasLossless");
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

/** Without alpha a translucent background lies on white, which is the default there. */
function foldBackground(background: string | undefined, format: Format): string | undefined {
  if (!background || format === "auto") return background;
  if (isImageFormat(format) && !FORMATS[format].hasAlpha) {
    const flat = flattenOnWhite(background);
    return flat === "ffffff" ? undefined : flat;
  }
  return /^.{6}00$/.test(background) ? undefined : background;
}
