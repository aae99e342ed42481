import type { Sharp, SharpOptions } from "sharp";
import type { ImagePlan } from "../plan/geometry.ts";
import { isSearchedCut } from "../plan/geometry.ts";
import { orient, planAsStored } from "./orient.ts";
import type { Original } from "../sharp/original.ts";
import { materialize } from "../sharp/pixels.ts";

interface Reading {
  readonly options?: SharpOptions;
  /** What is in place of the original's own pixels, as these are stored; not where sharp is to find the cut. */
  readonly begun?: Sharp | undefined;
}

/**
 * Crops, scales and cuts an original as a plan says, upright. sharp would turn all of an image before it crops or
 * cuts any, and would have to decode all of it for that: what lies on its side is turned when the rest is done, unless
 * sharp is to find the cut.
 */
export async function scaleOriginal(
  original: Original,
  plan: ImagePlan,
  { options, begun }: Reading = {},
): Promise<Sharp> {
  const { orientation, size } = original;
  const { crop, resize, cut } = plan;
  const isWhole = !crop && !cut; // sharp turns that last
  if (orientation === 1 || isSearchedCut(cut) || (isWhole && !begun)) {
    return scale(begun ?? original.readFor(plan, options), plan);
  }
  const stored = planAsStored({ crop, resize, cut }, size, orientation);
  const image = begun ?? original.readFor(plan, { ...options, autoOrient: false });
  return orient(await materialize(scale(image, stored)), orientation);
}

/** Crops, scales and cuts what a pipeline has begun with. */
export function scale(image: Sharp, { crop, resize, cut }: ImagePlan): Sharp {
  const cropped = crop ? image.extract(crop) : image;
  if (isSearchedCut(cut)) {
    const { width, height, strategy } = cut;
    return cropped.resize({ width, height, fit: "cover", position: strategy });
  }
  const resized = cropped.resize({ ...resize, fit: "fill" });
  return cut ? resized.extract(cut) : resized;
}

/** Settles on where the cut is that a plan leaves to sharp, for other images to be cut alike. */
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
