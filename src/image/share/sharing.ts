import type { Sharp } from "sharp";
import type { OutputSpec } from "./decode-group.ts";
import type { ImageFormat } from "../../transform/formats.ts";
import { printImageKey } from "./decode-group.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import { countOutputPixels, isSearchedCut } from "../plan/geometry.ts";
import type { Original } from "../sharp/original.ts";
import { dependsOnPieces } from "./row-rounding.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";
import { findLoadShrink } from "../plan/shrink-on-load.ts";

/** What jobs of one original hand on from one to the next. */
export interface Sharing {
  /** Whether a job that can share what this one decodes is to follow. */
  readonly sharesDecode: boolean;
  /** Whether a job of the same image is to follow. */
  readonly sharesImage?: boolean;
  decoded?: Decoded | undefined;
  finished?: Finished | undefined;
}

/** An image that only has to be encoded. */
interface Finished {
  readonly key: string;
  readonly pixels: Pixels;
}

interface Decoded {
  /** How much smaller it was decoded; 1 is all of its pixels. */
  readonly shrink: number;
  /** As the image is stored. */
  readonly pixels: Pixels;
}

/** 20 MP, or 26 without alpha, beside what a job takes itself. */
const MAX_SHARED_BYTES = 80_000_000;

/** 20 MB at the most. */
const MAX_FINISHED_PIXELS = 5_000_000;

interface WantedImage extends OutputSpec {
  readonly plan: ImagePlan;
  readonly format: ImageFormat;
}

/**
 * The finished image of another job, where that is the same, or one that is begun with what another job has
 * decoded; either is kept for the jobs that are to follow.
 *
 * @param finish carries the plan out, from the original unless it is given a pipeline that has begun
 */
export async function finishShared(
  original: Original,
  wanted: WantedImage,
  { sharing, finish }: { sharing: Sharing; finish: (begun?: Sharp) => Promise<Sharp> },
): Promise<Sharp> {
  const looks = printFinishedKey(original, wanted);
  const { finished } = sharing;
  if (finished?.key === looks) return fromPixels(finished.pixels);
  sharing.finished = undefined; // not both at a time
  const image = await finish(await beginShared(original, wanted.plan, sharing));
  const pixelCount = countOutputPixels(wanted.plan, wanted.spec);
  if (!sharing.sharesImage || pixelCount > MAX_FINISHED_PIXELS) return image;
  const pixels = await toPixels(image);
  sharing.finished = { key: looks, pixels };
  return fromPixels(pixels);
}

function printFinishedKey({ metadata }: Original, { plan, ...asked }: WantedImage): string {
  return JSON.stringify([plan, printImageKey(asked, metadata.hasAlpha)]);
}

/**
 * Begins a pipeline for a plan with the very pixels that it would begin with if it were the only one, decoded for
 * another job or kept for others; `undefined` where there are none, or they take too much memory.
 */
async function beginShared(
  original: Original,
  plan: ImagePlan,
  sharing: Sharing,
): Promise<Sharp | undefined> {
  const shrink = original.input.decoding === "reduced" ? findLoadShrink(original.size, plan) : 1;
  if (needsOwnDecode(original, plan, shrink)) return undefined;
  if (sharing.decoded?.shrink !== shrink) {
    if (!sharing.sharesDecode || countBytes(original, shrink) > MAX_SHARED_BYTES) return undefined;
    sharing.decoded = undefined; // not both at a time
    const pixels = await original.decode(shrink).catch((error: unknown) => {
      // who wants a part may have it, of a file that is broken elsewhere or with the memory there is
      if (!plan.crop && !plan.cut) throw error;
    });
    if (!pixels) return undefined;
    sharing.decoded = { shrink, pixels };
  }
  return fromPixels(sharing.decoded.pixels);
}

/**
 * Whether something else would come of an image that begins with pixels. libwebp decodes at the size that is wanted,
 * sharp scales 16 bits as they are, and what draws attention is found by the least of differences.
 */
function needsOwnDecode(
  { input, metadata, ...original }: Original,
  plan: ImagePlan,
  shrink: number,
): boolean {
  if (input.decoding === "resized" || metadata.depth === "ushort" || isSearchedCut(plan.cut))
    return true;
  const isTurned = original.orientation > 4; // rows are columns where it is stored
  const from = plan.crop ?? original.size;
  const [rows, scaled] = isTurned
    ? [from.width, plan.resize.width]
    : [from.height, plan.resize.height];
  return dependsOnPieces(Math.floor(rows / shrink), scaled);
}

function countBytes({ size, metadata }: Original, shrink: number): number {
  return (size.width / shrink) * (size.height / shrink) * (metadata.hasAlpha ? 4 : 3);
}
