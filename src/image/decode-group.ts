import { FIELDS } from "../transform/fields.ts";
import type { OutputFormat, TransformSpec } from "../transform/spec.ts";
import { PICTURE_FORMATS } from "../transform/spec.ts";
import type { Plan } from "./geometry.ts";
import { planGeometry } from "./geometry.ts";
import { readJpegSize } from "./jpeg-size.ts";
import { shrinkOnLoad } from "./shrink-on-load.ts";
import type { Size } from "./sizes.ts";
import { sniffFormat } from "./sniff.ts";

export interface Asked {
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** Whether pixels that were decoded for another variant can be what this one begins with. */
export function mayShareDecode({ spec, format }: Asked): boolean {
  const isPicture = PICTURE_FORMATS.some((name) => name === format);
  return isPicture && !spec.animated && spec.trim === undefined && !spec.keepIcc;
}

/** Of a side of an AVIF, in pixels: its encoder makes much of little. */
const MIN_RESCALED_AVIF = 48;

/**
 * Whether what was decoded so much smaller for one job may be scaled once more for another of this size. Nothing of
 * photographs shows it, unless they are sharpened (up to 5 levels) or their dark parts are lifted (2.7); of pure noise,
 * lossy WebP makes a mean difference of 3.7 levels where it was decoded by two, and of 3.1 by four.
 */
export function mayRescale(
  shrink: number,
  { format, spec }: Asked,
  { width, height }: Size,
): boolean {
  if (shrink === 1) return true;
  if (spec.sharpen !== undefined || spec.gamma !== undefined) return false;
  if (format === "avif") return Math.min(width, height) >= MIN_RESCALED_AVIF;
  return shrink > 4 || format !== "webp" || spec.lossless === true;
}

/** What of a spec has no part in the picture, but in what it is encoded as and called. */
const NOT_SEEN: ReadonlySet<string> = new Set([
  "format",
  "quality",
  "lossless",
  "progressive",
  "attachment",
  "version",
]);

const SEEN = FIELDS.filter((field) => !NOT_SEEN.has(field));

/**
 * The picture that a job makes of its original, whatever it is encoded as; `undefined` for what no other job has a
 * use for.
 *
 * @param hasAlpha whether anything may show through the original: what does is white for JPEG alone
 */
export function describeLooks(job: Asked, hasAlpha: boolean): string | undefined {
  if (!mayShareDecode(job)) return undefined;
  const isOnWhite = job.format === "jpg" && (hasAlpha || hasEdges(job.spec));
  return JSON.stringify([isOnWhite, ...SEEN.map((field) => job.spec[field])]);
}

/** Whether something shows beside a picture, or in its corners. */
function hasEdges({ mode, radius, rotate }: TransformSpec): boolean {
  const isPadded = mode === "pad" || mode === "lpad";
  return isPadded || radius !== undefined || typeof rotate === "number";
}

/** Jobs of one original that can share its decode, and which of them is to be made first. */
export interface DecodeGroup {
  readonly name: string;
  /** Of the picture that is made; the widest can be what the others are made of. */
  readonly width: number;
}

/**
 * The group of a job, as far as it can be told cheaply: whoever decodes looks closer, and makes by itself
 * what does not belong. WebP has none: libwebp decodes it at the very size that is wanted.
 */
export function findDecodeGroup(job: Asked & { bytes: Uint8Array }): DecodeGroup | undefined {
  const { bytes, spec, format } = job;
  if (!mayShareDecode(job)) return undefined;
  const orientation = spec.rotate === "ignore" ? "as stored" : "upright";
  const original = sniffFormat(bytes) ?? "";
  if (WHOLE.has(original)) return { name: orientation, width: 0 };
  const size = original === "jpeg" ? readJpegSize(bytes) : undefined;
  const plan = size && tryPlan(size, { ...spec, format });
  const shrink = plan && shrinkOnLoad(size, plan);
  if (!shrink || !mayRescale(shrink, job, plan.resize)) return undefined;
  return { name: `${orientation}, by ${shrink}`, width: plan.resize.width };
}

/** Decoded in full, whatever is to become of them. */
const WHOLE: ReadonlySet<string> = new Set(["png", "gif", "avif"]);

function tryPlan(size: Size, spec: TransformSpec & { format: OutputFormat }): Plan | undefined {
  try {
    return planGeometry(size, spec);
  } catch {
    return undefined; // it will be refused, and need not be decoded for that
  }
}
