import { MediaError } from "../errors.ts";
import { ENLARGING } from "./aliases.ts";
import { flattenOnWhite } from "./color.ts";
import { OPTIONS } from "./options.ts";
import type {
  Compass,
  Gravity,
  Mode,
  OutputFormat,
  Quality,
  Ratio,
  TransformSpec,
} from "./spec.ts";
import { COMPASS, MAX_PIXELS, MAX_SIDE } from "./spec.ts";

/** Formats whose encoder has a quality. In PNG it would silently mean a palette. */
const FORMATS_WITH_QUALITY: ReadonlySet<string> = new Set(["jpg", "webp", "avif", "auto"]);

/**
 * Gives the one spec that stands for every spelling of the same picture: `dpr` and `aspectRatio` are
 * folded into the sides, and what is a default or cannot change the bytes is dropped. The format is
 * given beside it and is no part of the result. Pure and idempotent.
 *
 * @param format the concrete output format, or `auto` where it is not known yet
 * @throws MediaError `invalid_transform` when options contradict each other or leave the bounds.
 */
export function normalizeTransform(
  spec: TransformSpec,
  format: OutputFormat | "auto",
): TransformSpec {
  const size = foldSize(spec);
  const mode = foldMode(size, spec.mode);
  checkArea(size, mode, format);
  const crop = spec.crop && !isWhole(spec.crop) ? spec.crop : undefined;
  // a point is one of the original, and a compass point one of what the crop leaves of it
  const point = spec.gravity && !crop ? nameCompass(spec.gravity) : spec.gravity;
  return dropAbsent({
    ...size,
    mode,
    gravity: foldGravity(point, size, mode),
    crop,
    rotate: spec.rotate === 0 ? undefined : spec.rotate,
    flip: spec.flip,
    background: foldBackground(spec.background, format),
    quality: foldQuality(spec.quality, format),
  });
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function dropAbsent(spec: Loose<TransformSpec>): TransformSpec {
  const present = Object.entries(spec).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present); // the same fields, fewer of them
}

type Size = Pick<TransformSpec, "width" | "height" | "aspectRatio">;

function foldSize(spec: TransformSpec): Size {
  const width = scale("width", spec.width, spec.dpr);
  const height = scale("height", spec.height, spec.dpr);
  const ratio = spec.aspectRatio;
  if (!ratio) return { ...(width && { width }), ...(height && { height }) };
  if (width && height) throw invalid('option "ar" must not stand beside both "w" and "h"');
  if (width)
    return { width, height: derive("height", width, { times: ratio.height, over: ratio.width }) };
  if (height)
    return { width: derive("width", height, { times: ratio.width, over: ratio.height }), height };
  return foldLoneRatio(ratio, spec.mode);
}

/** A ratio alone has no box to be inside of or to be stretched to. */
function foldLoneRatio(ratio: Ratio, mode: Mode | undefined): Size {
  if (mode === "limit" || mode === "fit" || mode === "scale") {
    throw invalid(`option "ar" beside "c_${mode}" must have a width or a height beside it`);
  }
  return { aspectRatio: ratio };
}

function scale(
  field: "width" | "height",
  side: number | undefined,
  dpr: number | undefined,
): number | undefined {
  // dpr has at most two decimals, so hundredths are exact
  return side && dpr ? derive(field, side, { times: Math.round(dpr * 100), over: 100 }) : side;
}

/** `side * times / over` on integers, rounded half up once, at least 1. */
function derive(
  field: "width" | "height",
  side: number,
  { times, over }: { readonly times: number; readonly over: number },
): number {
  const folded = Math.floor((2 * side * times + over) / (2 * over));
  if (folded <= MAX_SIDE) return Math.max(1, folded);
  const { name } = OPTIONS[field];
  throw invalid(`the ${field} ("${name}") must be at most ${MAX_SIDE}, but comes to ${folded}`);
}

/** Modes whose result has the size of the box, whatever the original. */
const EXACT: ReadonlySet<Mode | undefined> = new Set(["fill", "pad", "lpad", "scale"]);
const PADDING: ReadonlySet<Mode | undefined> = new Set(["pad", "lpad"]);
const CROPPING: ReadonlySet<Mode | undefined> = new Set([undefined, "fill"]);

function foldMode({ width, height, aspectRatio }: Size, mode: Mode | undefined): Mode | undefined {
  if (aspectRatio) return PADDING.has(mode) ? "pad" : undefined;
  if (width && height) return mode === "lfill" ? undefined : mode;
  const isEnlarging = mode !== undefined && ENLARGING[mode] === mode;
  return (width ?? height) && isEnlarging ? "fit" : undefined;
}

/** The modes that promise a box of exactly this size can be refused before anything is read. */
function checkArea(
  { width = 0, height = 0 }: Size,
  mode: Mode | undefined,
  format: OutputFormat | "auto",
): void {
  const most = MAX_PIXELS[format];
  if (!EXACT.has(mode) || width * height <= most) return;
  const as = format === "auto" ? "" : ` as ${format}`;
  throw invalid(
    `"w" times "h" must be at most ${most} pixels${as}, but comes to ${width * height}`,
  );
}

function foldGravity(
  gravity: Gravity | undefined,
  { width, height, aspectRatio }: Size,
  mode: Mode | undefined,
): Gravity | undefined {
  const hasBox = aspectRatio ?? (width && height);
  if (!hasBox || gravity === "center") return undefined;
  if (CROPPING.has(mode)) return gravity;
  // there is nothing to attend to when placing a whole picture
  return PADDING.has(mode) && gravity !== "auto" && gravity !== "entropy" ? gravity : undefined;
}

/** A focal point that coincides with a compass point is that compass point. */
function nameCompass(gravity: Gravity): Gravity {
  if (typeof gravity === "string") return gravity;
  const names = Object.keys(COMPASS) as Compass[]; // the keys of a constant
  const isSame = (name: Compass): boolean =>
    COMPASS[name].x === gravity.x && COMPASS[name].y === gravity.y;
  return names.find(isSame) ?? gravity;
}

function isWhole({ unit, x, y, width, height }: NonNullable<TransformSpec["crop"]>): boolean {
  return unit === "fraction" && x === 0 && y === 0 && width === 1 && height === 1;
}

/** JPEG has no alpha: what shows through a translucent background there is white, the default. */
function foldBackground(
  background: string | undefined,
  format: OutputFormat | "auto",
): string | undefined {
  if (!background) return undefined;
  if (format === "jpg") {
    const flat = flattenOnWhite(background);
    return flat === "ffffff" ? undefined : flat;
  }
  return format !== "auto" && background.endsWith("00") && background.length === 8
    ? undefined
    : background;
}

function foldQuality(
  quality: Quality | undefined,
  format: OutputFormat | "auto",
): Quality | undefined {
  return quality === "good" || !FORMATS_WITH_QUALITY.has(format) ? undefined : quality;
}

function invalid(message: string): MediaError {
  return new MediaError("invalid_transform", message);
}
