import type { MediaError } from "../errors.ts";
import { invalidTransform } from "../errors.ts";
import { GRAVITY } from "./codecs.ts";
import { flattenOnWhite } from "./color.ts";
import type { OutputFormat } from "./formats.ts";
import { getMaxPixels, hasFeature, isImageFormat } from "./formats.ts";
import type { Field, Option } from "./options.ts";
import { FIELDS, OPTIONS } from "./options.ts";
import type { Gravity, Mode, ModeFacts, TransformSpec } from "./spec.ts";
import { COMPASS_POINTS, MODE_FACTS } from "./spec.ts";

type Format = OutputFormat | "auto";

/** A spec whose fields may be absent by being undefined. */
type LooseSpec = { readonly [K in Field]?: TransformSpec[K] | undefined };

/**
 * Gives the one spec that stands for every spelling of the same image: `dpr` and `aspectRatio` are
 * folded into the sides, and defaults and options that cannot change the bytes are dropped. The format is
 * given beside it and is no part of the result. Presets have to be expanded before. Pure and idempotent.
 *
 * @param format the concrete output format, or `auto` where it is not known yet
 * @throws MediaError `invalid_transform` when options contradict each other or leave the bounds.
 */
export function normalizeTransform(spec: TransformSpec, format: Format): TransformSpec {
  checkCombination(spec);
  if (!isImageFormat(format)) return normalizeDescription(spec, format);
  const normalized = normalizeImage(spec, format);
  checkBounds(normalized);
  return normalized;
}

/** @throws MediaError `invalid_transform` for options that contradict each other */
export function checkCombination(spec: TransformSpec): void {
  const { crop, trim, width, height, aspectRatio, mode } = spec;
  if (crop && trim !== undefined) throw refuseCombination("trim", '"crop"');
  if (!aspectRatio) return;
  if (width && height) throw refuseCombination("ar", 'both "w" and "h"');
  // alone it has no box to be inside of or to be stretched to
  const isBoxed = hasFitting("inside", mode) || hasFitting("stretch", mode);
  if (!width && !height && isBoxed) {
    throw refuseCombination("ar", `"c_${mode}" without "w" or "h"`);
  }
}

function refuseCombination(option: string, company: string): MediaError {
  return invalidTransform(`option "${option}" must not stand beside ${company}`);
}

/** Checks the sizes that pixel ratio and aspect ratio have led to. */
function checkBounds(spec: TransformSpec): void {
  for (const field of FIELDS) {
    const { label, codec, isScaled }: Option = OPTIONS[field];
    if (!isScaled) continue;
    const value = Number(spec[field]);
    if (value > Number(codec.max)) {
      const problem = `option "${label}" must be at most ${codec.max}`;
      throw invalidTransform(`${problem}, but comes to ${value}`);
    }
  }
}

/** Keeps what can be said of an image, and refuses what can only be done to one. */
function normalizeDescription(spec: TransformSpec, format: OutputFormat): TransformSpec {
  const refused = FIELDS.find(
    (field) => spec[field] !== undefined && OPTIONS[field].whenDescribing === "is refused",
  );
  if (refused)
    throw refuseCombination(OPTIONS[refused].label, `"f_${format}", which describes the original`);
  return compact({
    ...pick(spec, ({ whenDescribing }) => whenDescribing === "counts"),
    crop: foldCrop(spec),
    rotate: spec.rotate === "ignore" ? spec.rotate : undefined,
  });
}

/**
 * Folds and drops what cannot change an image of that format, without looking for contradictions: the
 * part of `normalizeTransform` that a builder of URLs needs.
 */
export function normalizeImage(spec: TransformSpec, format: Format): TransformSpec {
  const folded = foldSize(spec);
  const counting = pick(
    folded,
    ({ affects, needs }) =>
      affects !== "request" && (!needs || format === "auto" || hasFeature(format, needs)),
  );
  const mode = foldMode(folded);
  const crop = foldCrop(spec);
  return compact({
    ...counting,
    format: undefined, // given beside the spec
    mode,
    gravity: foldGravity({ ...folded, mode, crop }),
    crop,
    background: foldBackground(spec.background, format),
    // half a turn is the same in both directions
    hue: spec.hue === -180 ? 180 : spec.hue,
    // lossless, all of it is kept
    quality: counting.lossless && format !== "auto" ? undefined : counting.quality,
  });
}

function pick(spec: LooseSpec, condition: (option: Option) => boolean): LooseSpec {
  return Object.fromEntries(
    FIELDS.filter((field) => condition(OPTIONS[field])).map((field) => [field, spec[field]]),
  );
}

/** Puts fields in canonical order, without those that are absent or leave everything as it is. */
export function compact(spec: LooseSpec): TransformSpec {
  const present: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const value = spec[field];
    const { neutral }: Option = OPTIONS[field];
    const isNeutral = value === neutral || (value === 0 && neutral !== "none");
    if (value !== undefined && !isNeutral) present[field] = value;
  }
  return present; // the same fields, fewer of them
}

/**
 * Folds the pixel ratio into what it scales, and the aspect ratio into the side that is not given. An
 * aspect ratio that stands alone stays.
 */
export function foldSize({ dpr, aspectRatio: ratio, ...spec }: TransformSpec): LooseSpec {
  const sized: LooseSpec = dpr ? { ...spec, ...scaleFields(spec, dpr) } : spec;
  const { width, height } = sized;
  if (!ratio || (width && height)) return sized;
  if (width) return { ...sized, height: multiply(width, ratio.height, ratio.width) };
  if (height) return { ...sized, width: multiply(height, ratio.width, ratio.height) };
  return { ...sized, aspectRatio: ratio };
}

function scaleFields(spec: TransformSpec, dpr: number): LooseSpec {
  const scaled = FIELDS.filter((field) => OPTIONS[field].isScaled && Number(spec[field]));
  // a pixel ratio has at most two decimals, so hundredths are exact
  const hundredths = Math.round(dpr * 100);
  return Object.fromEntries(
    scaled.map((field) => [field, multiply(Number(spec[field]), hundredths, 100)]),
  );
}

/** `side * times / over` on integers, rounded half up once, at least 1. */
export function multiply(side: number, times: number, over: number): number {
  return Math.max(1, Math.floor((2 * side * times + over) / (2 * over)));
}

function foldMode(spec: LooseSpec): Mode | undefined {
  const { width, height, aspectRatio, mode } = spec;
  if (!mode) return undefined;
  if (aspectRatio) return hasFitting("pad", mode) ? "pad" : undefined;
  if (width && height) return mode === "lfill" ? undefined : mode;
  return (width ?? height) && isEnlarging(mode) ? "fit" : undefined;
}

function isEnlarging(mode: Mode): boolean {
  return MODE_FACTS[mode]?.enlarges === true;
}

function hasFitting(fitting: ModeFacts["fitting"], mode: Mode | undefined): boolean {
  return mode !== undefined && MODE_FACTS[mode]?.fitting === fitting;
}

/** Gravity counts where something is cropped or padded; `mode` is folded. */
function foldGravity(spec: LooseSpec): Gravity | undefined {
  const { width, height, aspectRatio, mode, crop, trim } = spec;
  if (!aspectRatio && !(width && height)) return undefined;
  // a focal point is one of the original, and a compass point one of what a crop leaves
  const gravity = (crop ?? trim) === undefined ? nameCompass(spec.gravity) : spec.gravity;
  if (!mode || mode === "fill") return gravity;
  return hasFitting("pad", mode) && !isSearched(gravity) ? gravity : undefined;
}

/** The pixels decide; they do not where a whole image is placed. */
function isSearched(gravity: Gravity | undefined): boolean {
  return gravity === "auto" || gravity === "entropy";
}

/** A focal point that coincides with a compass point is that compass point. */
function nameCompass(gravity: Gravity | undefined): Gravity | undefined {
  if (typeof gravity !== "object") return gravity;
  const [column, row] = [gravity.x * 2, gravity.y * 2];
  // three points to a row, half a side apart
  return (column % 1 === 0 && row % 1 === 0 && COMPASS_POINTS[column + 3 * row]) || gravity;
}

/**
 * Crops around the focal point that is kept with an original, where a spec crops to a size and names no gravity of its
 * own, or `auto`. Any other spec, and a text that is no point, change nothing: the result is then the spec itself.
 *
 * @param spec normalized
 * @param text such as `0.3x0.7`
 */
export function applyFocalPoint(spec: TransformSpec, text: string | undefined): TransformSpec {
  if (!mayCrop(spec) || (spec.gravity !== undefined && spec.gravity !== "auto")) return spec;
  const point = text === undefined ? undefined : GRAVITY.parse(text);
  return typeof point === "object" ? { ...spec, gravity: point } : spec;
}

/** A normalized spec has a ratio only where no side is given, and no mode that covers but `fill`. */
function mayCrop({ width, height, aspectRatio, mode }: TransformSpec): boolean {
  const hasBox = aspectRatio !== undefined || (width !== undefined && height !== undefined);
  return hasBox && (mode === undefined || mode === "fill");
}

/** The whole image is no crop. */
function foldCrop({ crop }: TransformSpec): TransformSpec["crop"] {
  const isWhole =
    crop?.unit === "fraction" && crop.x + crop.y === 0 && crop.width * crop.height === 1;
  return isWhole ? undefined : crop;
}

/** Without alpha a translucent background lies on white, which is the default there. */
function foldBackground(background: string | undefined, format: Format): string | undefined {
  if (!background || format === "auto") return background;
  if (!hasFeature(format, "hasAlpha")) {
    const flat = flattenOnWhite(background);
    return flat === "ffffff" ? undefined : flat;
  }
  return /^.{6}00$/.test(background) ? undefined : background;
}

/**
 * Refuses before anything is read what would come out too large: the modes that promise a box of exactly
 * the size that is asked for.
 *
 * @throws MediaError `invalid_transform` naming the limit of the format
 */
export function checkArea(
  { width = 0, height = 0, mode }: TransformSpec,
  format: OutputFormat,
): void {
  const most = getMaxPixels(format);
  const isExact = mode !== undefined && !hasFitting("inside", mode);
  if (!isExact || width * height <= most) return;
  const problem = `"w" times "h" must be at most ${most} pixels as ${format}`;
  throw invalidTransform(`${problem}, but comes to ${width * height}`);
}
