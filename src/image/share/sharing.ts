import type { Sharp } from "sharp";
import type { OutputSpec } from "./decode-group.ts";
import type { ImageFormat } from "../../transform/formats.ts";
import { printImageKey } from "./decode-group.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import { countOutputPixels, isSearchedCut } from "../plan/geometry.ts";
import type { Original } from "../sharp/original.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";
import type { Decoded } from "../sharp/reduced.ts";
import { planPasses } from "../plan/passes.ts";
import { findLoadShrink } from "../plan/shrink-on-load.ts";

/** Pixels that jobs of one original hand on from one to the next. */
export interface Sharing {
  /** True if the next job can share what this one decodes. */
  readonly sharesDecode: boolean;
  /** True if the next job makes the same image. */
  readonly sharesImage?: boolean;
  decoded?: Decoded | undefined;
  finished?: Finished | undefined;
}

/** An image that only has to be encoded. */
interface Finished {
  readonly key: string;
  readonly pixels: Pixels;
}

/** Largest decode that is kept: 20 MP, or 26 without alpha, beside the memory of the next job. */
const MAX_SHARED_BYTES = 80_000_000;

/** Largest finished image that is kept, of 20 MB at most. */
const MAX_FINISHED_PIXELS = 5_000_000;

interface WantedImage extends OutputSpec {
  readonly plan: ImagePlan;
  readonly format: ImageFormat;
}

/**
 * Gives the finished image of the last job, if it is the same, or else finishes one that begins with the decode of the
 * last job, if it can. Keeps either for the next job.
 *
 * @param finish carries the plan out, on the original or on what was decoded of it
 */
export async function finishShared(
  original: Original,
  wanted: WantedImage,
  { sharing, finish }: { sharing: Sharing; finish: (begun?: Decoded) => Promise<Sharp> },
): Promise<Sharp> {
  const key = printFinishedKey(original, wanted);
  const { finished } = sharing;
  if (finished?.key === key) return fromPixels(finished.pixels);
  sharing.finished = undefined; // before there is another one
  const image = await finish(await beginShared(original, wanted.plan, sharing));
  const pixelCount = countOutputPixels(wanted.plan, wanted.spec);
  if (!sharing.sharesImage || pixelCount > MAX_FINISHED_PIXELS) return image;
  const pixels = await toPixels(image);
  sharing.finished = { key, pixels };
  return fromPixels(pixels);
}

function printFinishedKey({ metadata }: Original, { plan, ...asked }: WantedImage): string {
  return JSON.stringify([plan, printImageKey(asked, metadata.hasAlpha)]);
}

/**
 * Gives shared pixels, which are those that the plan would begin with alone; `undefined` if the plan cannot share, or the
 * pixels take too much memory.
 */
async function beginShared(
  original: Original,
  plan: ImagePlan,
  sharing: Sharing,
): Promise<Decoded | undefined> {
  const shrink = original.input.decoding === "reduced" ? findLoadShrink(original.size, plan) : 1;
  if (needsOwnDecode(original, plan, shrink)) return undefined;
  if (sharing.decoded?.shrink !== shrink) {
    if (!sharing.sharesDecode || countBytes(original, shrink) > MAX_SHARED_BYTES) return undefined;
    sharing.decoded = undefined; // before there is another one
    sharing.decoded = await original.decode(shrink).catch((error: unknown) => {
      // a part can perhaps be made of a file that is broken elsewhere, or in the memory that there is
      if (!plan.crop && !plan.cut) throw error;
      return undefined;
    });
  }
  return sharing.decoded;
}

/**
 * True if shared pixels would give another image. libwebp decodes at the size that a variant needs, sharp scales 16 bits
 * as they are and turns what is translucent at another moment, and the least of differences moves a cut that it searches.
 */
function needsOwnDecode(
  { input, metadata, ...original }: Original,
  plan: ImagePlan,
  shrink: number,
): boolean {
  if (input.decoding === "resized" || metadata.depth === "ushort" || isSearchedCut(plan.cut))
    return true;
  if (metadata.hasAlpha && original.orientation > 1) return true;
  const from = plan.crop ?? original.size;
  const size = { width: from.width / shrink, height: from.height / shrink };
  const { coarse, reduced } = planPasses(size, plan.resize);
  const first = coarse[0] ?? reduced; // of the others, all begin with pixels
  const isTurned = original.orientation > 4; // rows are columns where it is stored
  return isTurned
    ? dependsOnPieces(size.width, first.width)
    : dependsOnPieces(size.height, first.height);
}

function countBytes({ size, metadata }: Original, shrink: number): number {
  return (size.width / shrink) * (size.height / shrink) * (metadata.hasAlpha ? 4 : 3);
}

/** libvips keeps positions between rows in steps of 1/64 (VIPS_TRANSFORM_SHIFT), to the nearest one. */
const POSITION_BITS = 6;
/** Sums are exact with so many binary digits behind the point, and as many before it as images have rows. */
const EXACT_BITS = 26;
/**
 * True if the result of scaling depends on the pieces in which libvips makes an image. It adds up the position of a row
 * from that of the first row of the piece (reducev.cpp). A position in the middle of two steps is rounded to either, by
 * the error of that sum. Pieces of files are strips, and those of memory are tiles.
 *
 * Row y of `to` rows lies at (y + 1/2) · from / to. For some y that is an odd number of half steps only if `to` can be
 * halved as often as `from`, and 6 times more. Sums of distances with few binary digits are exact.
 *
 * @param from the number of rows; one with a fraction is that of pixels in memory in any case
 * @param to the number of rows of the result, more than a fourth
 */
export function dependsOnPieces(from: number, to: number): boolean {
  if (to >= from || !Number.isInteger(from)) return false; // our own code enlarges
  const distance = 1 / (1 / (from / to)); // as sharp and libvips work it out
  if (Number.isInteger(distance * 2 ** EXACT_BITS)) return false;
  return countHalvings(to) === countHalvings(from) + POSITION_BITS;
}

/** Counts how often a number can be divided by two. */
function countHalvings(value: number): number {
  return 31 - Math.clz32(value & -value);
}
