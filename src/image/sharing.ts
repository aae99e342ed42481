import type { Sharp } from "sharp";
import type { Asked } from "./decode-group.ts";
import type { PictureFormat } from "../transform/spec.ts";
import { describeLooks, mayRescale } from "./decode-group.ts";
import type { Plan } from "./geometry.ts";
import { isSought } from "./geometry.ts";
import type { Original } from "./original.ts";
import type { Pixels } from "./pixels.ts";
import { fromPixels, toPixels } from "./pixels.ts";
import { scaleOriginal } from "./scale.ts";
import { shrinkOnLoad } from "./shrink-on-load.ts";
import type { Size } from "./sizes.ts";
import { countOutputPixels } from "./slow.ts";

/** What jobs of one original hand on from one to the next. */
export interface Sharing {
  /** Whether a job that can share what this one decodes is to follow. */
  readonly isWanted: boolean;
  /** Whether a job of the same picture is to follow. */
  readonly isTwinned?: boolean;
  decoded?: Decoded | undefined;
  finished?: Finished | undefined;
}

/** A picture that only has to be encoded. */
interface Finished {
  readonly looks: string;
  /** It was made of what had been scaled before, for a wider one. */
  readonly isRescaled: boolean;
  readonly pixels: Pixels;
}

interface Decoded {
  readonly isUpright: boolean;
  /** How much smaller it was decoded; 1 is all of its pixels. */
  readonly shrink: number;
  readonly pixels: Pixels;
}

/** 20 MP, or 26 without alpha, beside what a job takes itself. */
const MAX_SHARED_BYTES = 80_000_000;

/**
 * What was decoded small was also scaled: sharp has no way to have it as it is. Scaled once more, by
 * this or less, levels differ on average by 0.5 from what would have been made directly, and by 1.2 in pure
 * noise; at 0.95 it would be 1 and 4. Lossy encoders make more of it: 1.5 (JPEG) to 2.8 (AVIF) of photographs.
 * Three quarters, rounded to pixels, is what 640 and 480 are apart.
 */
const MAX_RESCALE = 0.76;

/** 20 MB at the most. */
const MAX_FINISHED_PIXELS = 5_000_000;

interface Wanted extends Asked {
  readonly plan: Plan;
  readonly isUpright: boolean;
  readonly format: PictureFormat;
}

/**
 * The finished picture of another job, where that is the same, or one that is begun with what another job has
 * decoded; either is kept for the jobs that are to follow.
 *
 * @param finish carries the plan out, from the original unless it is given a pipeline that has begun
 */
export async function finishShared(
  original: Original,
  wanted: Wanted,
  { sharing, finish }: { sharing: Sharing; finish: (begun?: Sharp) => Promise<Sharp> },
): Promise<Sharp> {
  const looks = nameLooks(original, wanted);
  const { finished } = sharing;
  const isSame = finished?.looks === looks;
  if (isSame && (!finished.isRescaled || mayScaleAgain(original, wanted))) {
    return fromPixels(finished.pixels);
  }
  sharing.finished = undefined; // not both at a time
  const begun = await readShared(original, wanted, sharing);
  const picture = await finish(begun);
  const { resize } = wanted.plan;
  const pixelCount = countOutputPixels(wanted.plan, { ...wanted.spec, format: wanted.format }, 1);
  if (!sharing.isTwinned || pixelCount > MAX_FINISHED_PIXELS) return picture;
  const isRescaled = begun !== undefined && isOtherSize(sharing.decoded, resize);
  const pixels = await toPixels(picture);
  sharing.finished = { looks, isRescaled, pixels };
  return fromPixels(pixels);
}

/** Whether what was decoded was scaled to a size that is not this one; all pixels were not. */
function isOtherSize(decoded: Decoded | undefined, { width, height }: Size): boolean {
  if (!decoded || decoded.shrink === 1) return false;
  return decoded.pixels.width !== width || decoded.pixels.height !== height;
}

function nameLooks({ metadata }: Original, { plan, ...asked }: Wanted): string {
  return JSON.stringify([plan, describeLooks(asked, metadata.hasAlpha)]);
}

function mayScaleAgain(original: Original, { plan, ...asked }: Wanted): boolean {
  return mayRescale(shrinkOf(original, plan), asked, plan.resize);
}

function shrinkOf({ format, size }: Original, plan: Plan): number {
  return format === "jpeg" ? shrinkOnLoad(size, plan) : 1;
}

/**
 * Begins a pipeline for a plan with pixels that another job has decoded, or with pixels that others can
 * share; `undefined` when that would show, or take too much memory.
 */
async function readShared(
  original: Original,
  wanted: Wanted,
  sharing: Sharing,
): Promise<Sharp | undefined> {
  const { plan, isUpright } = wanted;
  const shrink = shrinkOf(original, plan);
  if (hasOwnDecode(original, wanted, shrink)) return undefined;
  const { decoded } = sharing;
  const isAlike = decoded?.shrink === shrink && decoded.isUpright === isUpright;
  if (!isAlike) return decode(original, sharing, { shrink, isUpright, resize: plan.resize });
  if (shrink === 1 || fits(plan.resize, decoded.pixels)) return fromPixels(decoded.pixels);
  // a size that is too near is no reason to have a smaller one for those that follow
  if (plan.resize.width < decoded.pixels.width) return undefined;
  return decode(original, sharing, { shrink, isUpright, resize: plan.resize });
}

interface Decoding extends Pick<Decoded, "shrink" | "isUpright"> {
  readonly resize: Size;
}

async function decode(
  original: Original,
  sharing: Sharing,
  { resize, ...how }: Decoding,
): Promise<Sharp | undefined> {
  const size = how.shrink === 1 ? original.size : resize;
  if (!sharing.isWanted || bytesOf(original, size) > MAX_SHARED_BYTES) return undefined;
  sharing.decoded = undefined; // not both at a time
  const scaled = how.shrink === 1 ? original.read() : await scaleOriginal(original, { resize });
  const pixels = await toPixels(scaled);
  sharing.decoded = { ...how, pixels };
  return fromPixels(pixels);
}

/** libwebp decodes at the size that is wanted, and what draws attention is found on other pixels elsewhere. */
function hasOwnDecode(
  { format }: Original,
  { plan: { cut, resize }, ...asked }: Wanted,
  shrink: number,
): boolean {
  return format === "webp" || isSought(cut) || !mayRescale(shrink, asked, resize);
}

function fits({ width, height }: Size, pixels: Size): boolean {
  if (width === pixels.width && height === pixels.height) return true;
  return Math.max(width / pixels.width, height / pixels.height) <= MAX_RESCALE;
}

function bytesOf({ metadata }: Original, { width, height }: Size): number {
  return width * height * (metadata.hasAlpha ? 4 : 3);
}
