import type { Sharp, SharpOptions } from "sharp";
import type { ImagePlan, SearchedCut } from "../plan/geometry.ts";
import { isSearchedCut } from "../plan/geometry.ts";
import { findScale, planPasses, takesOnePass } from "../plan/passes.ts";
import type { Region, Size } from "../plan/sizes.ts";
import { isConvertedLast } from "../sharp/colors.ts";
import type { ImageSource, Original } from "../sharp/original.ts";
import { noteGarbage } from "../sharp/memory-pressure.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, materialize, toPixels } from "../sharp/pixels.ts";
import type { Decoded } from "../sharp/reduced.ts";
import { enlarge } from "./enlarge.ts";
import type { FixedPlan } from "./orient.ts";
import { orient, planAsStored } from "./orient.ts";

interface Reading {
  readonly options?: SharpOptions | undefined;
  /** Pixels to begin with, instead of the original's own. */
  readonly begun?: Decoded | undefined;
}

/** Crops, scales and cuts an original by a plan, upright. */
export async function scaleOriginal(
  original: Original,
  plan: ImagePlan,
  { options, begun }: Reading = {},
): Promise<Sharp> {
  const { cut } = plan;
  const fixed = { ...plan, cut: isSearchedCut(cut) ? undefined : cut };
  const decoded = begun ?? (await original.decodeFor(fixed, options));
  const image = await scaleUpright(original, fixed, { options, begun: decoded });
  if (isSearchedCut(cut)) return searchCut(await materialize(image), cut);
  return isConvertedLast(original.metadata) ? materialize(image) : image;
}

/**
 * sharp would turn all of an image before a crop, a cut, or a second pass, and decode all of it for that. So an image
 * that lies on its side is turned last.
 */
async function scaleUpright(
  { orientation, size, ...original }: Original,
  plan: FixedPlan,
  { options, begun }: Reading,
): Promise<Sharp> {
  if (orientation === 1) return scale(begun ? begin(begun) : original.readFor(plan, options), plan);
  if (!begun && !plan.crop && !plan.cut) {
    const source = original.readFor(plan, options);
    if (takesOnePass(source.size, plan.resize)) return scale(source, plan); // sharp turns it last
  }
  const stored = begun ? begin(begun) : original.readFor(plan, { ...options, autoOrient: false });
  const image = await scale(stored, planAsStored(plan, size, orientation));
  return orient(await materialize(image), orientation);
}

function begin({ pixels, size }: Decoded): Source {
  return { image: fromPixels(pixels), pixels, size };
}

interface Source extends ImageSource {
  /** Those of the image, if a side has a fraction: its last one is then only a part of a pixel. */
  readonly pixels?: Pixels;
}

/** Crops, scales and cuts an image. */
export async function scale(source: Source, { crop, resize, cut }: FixedPlan): Promise<Sharp> {
  let current = crop ? { image: source.image.extract(crop), size: crop } : source;
  const { coarse, reduced } = planPasses(current.size, resize);
  for (const size of coarse) {
    const image = reduce(current, { to: size, kernel: "cubic" }); // nearly as sharp, and quicker
    current = { image: await materialize(image), size };
  }
  const isReduced = reduced.width === resize.width && reduced.height === resize.height;
  if (isReduced) return reduce(current, { to: resize, cut });
  const pixels = await toPixels(reduce(current, { to: reduced }));
  return fromPixels(enlarge(pixels, resize, cut ?? { left: 0, top: 0, ...resize }));
}

interface Reduction {
  readonly to: Size;
  readonly cut?: Region | undefined;
  readonly kernel?: "cubic" | "lanczos3";
}

function reduce(source: Source, { to, cut, kernel = "lanczos3" }: Reduction): Sharp {
  const { image, pixels, size } = source;
  const [across, down] = [findScale(size.width, to.width), findScale(size.height, to.height)];
  const isWhole = across.from === size.width && down.from === size.height;
  if (isWhole || !pixels) {
    const resized = image.resize({ ...to, fit: "fill", kernel });
    return cut ? resized.extract(cut) : resized;
  }
  const extended = fromPixels(repeatEdges(pixels, { width: across.from, height: down.from }));
  const target = { width: across.to, height: down.to, fit: "fill", kernel } as const;
  return extended.resize(target).extract(cut ?? { left: 0, top: 0, ...to });
}

/** Extends an image to the right and to the bottom by its last pixels. */
function repeatEdges({ data, width, height, channels }: Pixels, to: Size): Pixels {
  const [row, longer] = [width * channels, to.width * channels];
  const extended = Buffer.allocUnsafe(longer * to.height);
  for (let y = 0; y < height; y += 1) {
    const [from, start] = [y * row, y * longer];
    data.copy(extended, start, from, from + row);
    const last = data.subarray(from + row - channels, from + row);
    extended.fill(last, start + row, start + longer);
  }
  for (let y = height; y < to.height; y += 1)
    extended.copyWithin(y * longer, (height - 1) * longer, height * longer);
  noteGarbage(extended.length);
  return { data: extended, ...to, channels };
}

function searchCut(image: Sharp, { width, height, strategy }: SearchedCut): Sharp {
  return image.resize({ width, height, fit: "cover", position: strategy });
}

/** Lets sharp search the cut of a plan, for other images to be cut alike. */
export async function locateCut(source: Source, plan: ImagePlan): Promise<FixedPlan> {
  const { cut } = plan;
  if (!isSearchedCut(cut)) return { ...plan, cut };
  const image = await materialize(await scale(source, { ...plan, cut: undefined }));
  const { info } = await searchCut(image, cut).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = cut;
  // sharp tells how far the image was moved
  const [left, top] = [-(info.cropOffsetLeft ?? 0), -(info.cropOffsetTop ?? 0)];
  return { ...plan, cut: { left, top, width, height } };
}
