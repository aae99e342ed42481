import type { Sharp } from "sharp";
import sharp from "sharp";
import { MediaError } from "../../errors.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { ImageFormat } from "../../transform/formats.ts";
import { keepsMotion } from "../../transform/negotiate.ts";
import type { FrameTiming } from "../output/encoders.ts";
import type { ImageLimits } from "../input/limits.ts";
import { planGeometry } from "../plan/geometry.ts";
import type { Original } from "../sharp/original.ts";
import { orient } from "../steps/orient.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";
import { locateCut, scale } from "../steps/scale.ts";
import type { Region, Size } from "../plan/sizes.ts";
import { finishImage } from "../steps/finish.ts";
import { cropTo, findContent, uniteRegions } from "../steps/trim.ts";

/** Limits of an animation. Beyond them there is the first frame. */
const MAX_FRAMES = 256;
/** In all frames of the original. */
const MAX_DECODED_PIXELS = 50_000_000;

type AnimatedSpec = TransformSpec & { readonly format: ImageFormat };

/** The decoded frames of an animation, as they are stored. */
interface AnimationFrames {
  /** All of them, above each other. */
  readonly strip: Pixels;
  readonly count: number;
  /** The EXIF orientation that each of them has. */
  readonly orientation: number;
}

/** True if the original has several frames that follow each other. */
export function isMoving({ metadata }: Original): boolean {
  return metadata.delay !== undefined && (metadata.pages ?? 1) > 1;
}

/** Counts the frames of the variant: all of an animation where its format holds them, within the limits. */
export function countFrames(original: Original, spec: AnimatedSpec, limits: ImageLimits): number {
  const { pages = 1 } = original.metadata;
  const isWanted = isMoving(original) && keepsMotion(spec, spec.format);
  return isWanted && fitsLimits(original, spec, limits) ? pages : 1;
}

function fitsLimits(original: Original, spec: AnimatedSpec, { maxPixels }: ImageLimits): boolean {
  const { metadata, decodedFrames, size } = original;
  const { width, height, pages: frames = 1 } = metadata;
  const pixels = decodedFrames * width * height;
  if (frames > MAX_FRAMES || pixels > Math.min(maxPixels, MAX_DECODED_PIXELS)) return false;
  try {
    planGeometry({ ...size, frames }, spec);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false; // a box of that size can hold one frame at most
    throw error;
  }
}

/** An animation that only has to be encoded. */
interface FinishedAnimation {
  /** All frames, above each other. */
  readonly image: Sharp;
  readonly timing: FrameTiming;
  /** Of each frame. */
  readonly size: Size;
}

/**
 * Makes the same of every frame. Frames are decoded together, since one may hold no more than the changes since the
 * last one, and then taken apart: a blur or a rotation would run from one into the next.
 */
export async function animate(original: Original, spec: AnimatedSpec): Promise<FinishedAnimation> {
  const { metadata, size, orientation } = original;
  const { pages: count = 1, delay = [], loop = 0 } = metadata;
  const frames: AnimationFrames = { strip: await original.decodeFrames(), count, orientation };
  const strip = await makeFrames(frames, size, spec);
  const height = strip.height / count;
  return {
    image: sharp(strip.data, { raw: { ...strip, pageHeight: height } }),
    timing: { delay, loop, isTranslucent: isTranslucent(strip) },
    size: { width: strip.width, height },
  };
}

function isTranslucent({ data, channels }: Pixels): boolean {
  if (channels < 4) return false;
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}

/** The finished frames, above each other again. */
async function makeFrames(
  frames: AnimationFrames,
  size: Size,
  spec: AnimatedSpec,
): Promise<Pixels> {
  const { count } = frames;
  const trimmed =
    spec.trim === undefined ? spec : cropTo(spec, await trimFrames(frames, spec.trim));
  const plan = planGeometry({ ...size, frames: count }, trimmed);
  // all frames are cut like the first one
  const fixed = await locateCut({ image: await readFrame(frames, 0), size }, plan);
  const makeFrame = async (index: number): Promise<Pixels> => {
    const scaled = await scale({ image: await readFrame(frames, index), size }, fixed);
    return toPixels(await finishImage(scaled, fixed, spec));
  };
  const first = await makeFrame(0);
  const data = Buffer.alloc(first.data.length * count);
  first.data.copy(data);
  for (let index = 1; index < count; index += 1) {
    const next = await makeFrame(index);
    next.data.copy(data, index * first.data.length);
  }
  return { ...first, data, height: first.height * count };
}

/** Finds the region that holds the content of every frame. */
async function trimFrames(frames: AnimationFrames, tolerance: number): Promise<Region> {
  const regions: Region[] = [];
  for (let index = 0; index < frames.count; index += 1) {
    regions.push(findContent(await toPixels(await readFrame(frames, index)), tolerance));
  }
  return uniteRegions(regions);
}

/** Begins a pipeline with one upright frame. */
function readFrame({ strip, count, orientation }: AnimationFrames, index: number): Promise<Sharp> {
  const bytes = strip.data.length / count;
  const data = strip.data.subarray(index * bytes, (index + 1) * bytes);
  return orient(fromPixels({ ...strip, data, height: strip.height / count }), orientation);
}
