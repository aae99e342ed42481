import type { Sharp, SharpOptions } from "sharp";
import type { ImagePlan } from "../plan/geometry.ts";
import { isSearchedCut } from "../plan/geometry.ts";
import { orient, planAsStored } from "./orient.ts";
import { isConvertedLast } from "../sharp/colors.ts";
import type { Original } from "../sharp/original.ts";
import { materialize } from "../sharp/pixels.ts";

interface Reading {
  readonly options?: SharpOptions;
  /** Pixels as they are stored, instead of the original's own. They are not for a plan whose cut sharp searches. */
  readonly begun?: Sharp | undefined;
}

/**
 * Crops, scales and cuts an original by a plan, upright. sharp would turn all of an image before a crop or a cut, and
 * decode all of it for that. So an image that lies on its side is turned last, unless sharp searches the cut.
 */
export async function scaleOriginal(
  original: Original,
  plan: ImagePlan,
  reading: Reading = {},
): Promise<Sharp> {
  const image = await scaleUpright(original, plan, reading);
  return isConvertedLast(original.metadata) ? materialize(image) : image;
}

async function scaleUpright(
  original: Original,
  plan: ImagePlan,
  { options, begun }: Reading,
): Promise<Sharp> {
  const { orientation, size } = original;
  const { crop, resize, cut } = plan;
  const isWhole = !crop && !cut; // sharp turns a whole image last
  if (orientation === 1 || isSearchedCut(cut) || (isWhole && !begun)) {
    return scale(begun ?? original.readFor(plan, options), plan);
  }
  const stored = planAsStored({ crop, resize, cut }, size, orientation);
  const image = begun ?? original.readFor(plan, { ...options, autoOrient: false });
  return orient(await materialize(scale(image, stored)), orientation);
}

/** Crops, scales and cuts the image of a pipeline. */
export function scale(image: Sharp, { crop, resize, cut }: ImagePlan): Sharp {
  const cropped = crop ? image.extract(crop) : image;
  if (isSearchedCut(cut)) {
    const { width, height, strategy } = cut;
    return cropped.resize({ width, height, fit: "cover", position: strategy });
  }
  const resized = cropped.resize({ ...resize, fit: "fill" });
  return cut ? resized.extract(cut) : resized;
}

/** Lets sharp search the cut of a plan, for other images to be cut alike. */
export async function locateCut(image: Sharp, plan: ImagePlan): Promise<ImagePlan> {
  const { cut, resize } = plan;
  if (!isSearchedCut(cut)) return plan;
  const { info } = await scale(image, plan).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = cut;
  // sharp tells how far the image was moved; it may have scaled it to one pixel more
  const left = Math.min(-(info.cropOffsetLeft ?? 0), resize.width - width);
  const top = Math.min(-(info.cropOffsetTop ?? 0), resize.height - height);
  return { ...plan, cut: { left, top, width, height } };
}
