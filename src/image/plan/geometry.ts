import { MediaError } from "../../errors.ts";
import type { Crop, Gravity, TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import { MAX_SIDE, toPoint } from "../../transform/spec.ts";
import { getMaxPixels } from "../../transform/formats.ts";
import type { Region, Size } from "./sizes.ts";
import { fitBoxAround, fitBoxInside, limitScale, rotateSize, scaleBy } from "./sizes.ts";

/** The geometry of a variant in pixels. The steps carry it out. */
export interface ImagePlan {
  /** The part of the upright original to begin with. */
  readonly crop?: Region | undefined;
  /** The size that this part is scaled to. */
  readonly resize: Size;
  /** The part of the scaled image to keep: a region, or one that sharp searches. */
  readonly cut?: Region | SearchedCut | undefined;
  /** The box that the image, once rotated, is extended to. */
  readonly pad?: Size;
}

/** The part of this size that matters most. sharp searches it. */
export interface SearchedCut extends Size {
  readonly strategy: "attention" | "entropy";
}

export function isSearchedCut(cut: ImagePlan["cut"]): cut is SearchedCut {
  return cut !== undefined && "strategy" in cut;
}

interface BoundedSpec extends TransformSpec {
  /** The largest area of a frame, in pixels. */
  readonly limit: number;
}

/** Largest area of all frames of an animation together, in pixels. Encoders take its frames one by one. */
const MAX_ANIMATED_PIXELS = 25_000_000;

/** Longest side of a scaled image, in pixels. A longer one is cut before it is scaled. */
const MAX_SCALED_SIDE = 4 * MAX_SIDE;
/** Largest scaled image that sharp searches, in pixels. */
const MAX_SEARCHED_PIXELS = 40_000_000;
/** The sides of a turned image are rounded once more. */
const TURNED_MARGIN = 0.999;

/**
 * Plans a normalized spec for an original of the given upright size. The plan of an animation is that of
 * each frame.
 *
 * @throws MediaError `unusable_original` when the crop misses the image, `invalid_transform` when the
 * result would be too large
 */
export function planGeometry(
  original: Size & { readonly frames?: number },
  { format, ...transform }: TransformSpec & { readonly format: OutputFormat },
): ImagePlan {
  const spec = { ...transform, limit: boundFrames(getMaxPixels(format), original.frames) };
  const cropped = spec.crop && intersect(original, spec.crop);
  const image = cropped ?? { left: 0, top: 0, ...original };
  const { crop = cropped, ...upright } = planSize(image, refocus(spec, original, image));
  const plan = fitTurned(upright, image, spec);
  checkOutput(rotateSize(plan.pad ?? plan.cut ?? plan.resize, spec), spec);
  return {
    ...plan,
    ...(crop && { crop }),
    ...(plan.pad && { pad: rotateSize(plan.pad, spec) }),
  };
}

/** Counts the pixels of the result of a plan, in all frames. */
export function countOutputPixels(plan: ImagePlan, spec: TransformSpec, frames = 1): number {
  const { width, height } = plan.pad ?? rotateSize(plan.cut ?? plan.resize, spec);
  return width * height * frames;
}

function boundFrames(pixels: number, frames = 1): number {
  const all = frames === 1 ? pixels : Math.min(pixels, MAX_ANIMATED_PIXELS);
  return Math.floor(all / frames);
}

/** Shrinks an image that fits inside a box, so that it also fits the limits once it is turned. */
function fitTurned(plan: ImagePlan, image: Size, spec: BoundedSpec): ImagePlan {
  const { resize } = plan;
  const excess = limitScale(rotateSize(resize, spec), spec.limit);
  if (excess >= 1 || !isInside(spec)) return plan;
  const scale = Math.min(resize.width / image.width, resize.height / image.height);
  return { ...plan, resize: scaleBy(image, scale * excess * TURNED_MARGIN) };
}

/** True if the result only has to fit inside a box. */
function isInside({ width, height, aspectRatio, mode }: TransformSpec): boolean {
  const hasBox = aspectRatio ?? (width && height);
  return !hasBox || mode === "limit" || mode === "fit";
}

/** Places an image in a box by the gravity. */
export function placeIn(box: Size, image: Size, gravity: Gravity | undefined): Region {
  const { x, y } = findFocus(gravity);
  return {
    left: Math.round(Math.max(0, box.width - image.width) * x),
    top: Math.round(Math.max(0, box.height - image.height) * y),
    width: Math.min(image.width, box.width),
    height: Math.min(image.height, box.height),
  };
}

/** Moves a focal point of the original to its place in a part of it, which may be outside. */
function refocus(spec: BoundedSpec, original: Size, part: Region): BoundedSpec {
  const { gravity } = spec;
  if (typeof gravity !== "object") return spec;
  const x = (gravity.x * original.width - part.left) / part.width;
  const y = (gravity.y * original.height - part.top) / part.height;
  return { ...spec, gravity: { x, y } };
}

function planSize(image: Region, spec: BoundedSpec): ImagePlan {
  const { width, height, aspectRatio, mode, gravity } = spec;
  if (width && height) return planBox(image, { width, height }, spec);
  if (!aspectRatio) return { resize: scaleInside(image, { width, height }, spec) };
  return mode === "pad"
    ? padTo(image, fitBoxAround(image, aspectRatio), spec)
    : coverBox(image, shrinkBox(fitBoxInside(image, aspectRatio), image, spec), gravity);
}

function planBox(image: Region, box: Size, spec: BoundedSpec): ImagePlan {
  const { mode, gravity } = spec;
  switch (mode) {
    case "fill":
      return coverBox(image, box, gravity);
    case "limit":
    case "fit":
      return { resize: scaleInside(image, box, spec) };
    case "pad":
    case "lpad":
      return { resize: scaleInside(image, box, spec), pad: box };
    case "scale":
      return { resize: box };
    default:
      return coverBox(image, shrinkBox(box, image, spec), gravity);
  }
}

/** Scales to fit inside the box, whose absent sides do not count, and inside the output limits. */
function scaleInside(image: Size, box: Box, { mode, limit }: BoundedSpec): Size {
  const isEnlarging = mode === "fit" || mode === "pad";
  const scale = Math.min(
    (box.width ?? Infinity) / image.width,
    (box.height ?? Infinity) / image.height,
    isEnlarging ? Infinity : 1,
    limitScale(image, limit),
  );
  return scaleBy(image, scale);
}

interface Box {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Shrinks a box, in its own ratio, to fit into the image and the output limits. */
function shrinkBox(box: Size, image: Size, { limit }: BoundedSpec): Size {
  const scale = Math.min(
    1,
    image.width / box.width,
    image.height / box.height,
    limitScale(box, limit),
  );
  return scaleBy(box, scale);
}

function padTo(image: Size, box: Size, { limit }: BoundedSpec): ImagePlan {
  const scale = Math.min(1, limitScale(box, limit));
  return { resize: scaleBy(image, scale), pad: scaleBy(box, scale) };
}

function coverBox(image: Region, box: Size, gravity: Gravity | undefined): ImagePlan {
  const scale = Math.max(box.width / image.width, box.height / image.height);
  const scaled = {
    width: Math.max(box.width, Math.round(image.width * scale)),
    height: Math.max(box.height, Math.round(image.height * scale)),
  };
  const isSliver = Math.max(scaled.width, scaled.height) > MAX_SCALED_SIDE;
  // to search it, libvips holds all of the scaled image
  const isSearched = gravity === "auto" || gravity === "entropy";
  const isHuge = isSearched && scaled.width * scaled.height > MAX_SEARCHED_PIXELS;
  if (isSliver || isHuge) return cutFirst(image, box, gravity);
  if (scaled.width === box.width && scaled.height === box.height) return { resize: box };
  if (gravity === "auto") return { resize: scaled, cut: { ...box, strategy: "attention" } };
  if (gravity === "entropy") return { resize: scaled, cut: { ...box, strategy: "entropy" } };
  return { resize: scaled, cut: regionAround(scaled, box, gravity) };
}

/** Cuts before it scales: of a sliver that is much enlarged, only the visible part is scaled. */
function cutFirst(image: Region, box: Size, gravity: Gravity | undefined): ImagePlan {
  const part = regionAround(image, scaleBy(fitBoxInside(image, box), 1), gravity);
  const crop = { ...part, left: part.left + image.left, top: part.top + image.top };
  return { crop, resize: box };
}

/** Gives the region of a size whose middle is as near to the focus as the edges of the image allow. */
function regionAround(image: Size, { width, height }: Size, gravity: Gravity | undefined): Region {
  const { x, y } = findFocus(gravity);
  return {
    left: startAround(image.width * x, width, image.width),
    top: startAround(image.height * y, height, image.height),
    width,
    height,
  };
}

function startAround(focus: number, length: number, whole: number): number {
  return Math.min(Math.max(0, Math.round(focus - length / 2)), whole - length);
}

function findFocus(gravity: Gravity | undefined): { readonly x: number; readonly y: number } {
  if (typeof gravity === "object") return gravity;
  return toPoint(!gravity || gravity === "auto" || gravity === "entropy" ? "center" : gravity);
}

function intersect(image: Size, crop: Crop): Region {
  const { x, y, width, height } = crop;
  const unit = crop.unit === "pixel" ? { width: 1, height: 1 } : image;
  const [left, right] = clip(x * unit.width, (x + width) * unit.width, image.width);
  const [top, bottom] = clip(y * unit.height, (y + height) * unit.height, image.height);
  if (left < right && top < bottom) {
    return { left, top, width: right - left, height: bottom - top };
  }
  const problem = `the crop lies outside the original, which is ${image.width}×${image.height}`;
  throw new MediaError("unusable_original", problem);
}

/** Clips a range to whole pixels: to at least one, unless it lies outside. */
function clip(from: number, to: number, whole: number): readonly [start: number, end: number] {
  if (from >= whole) return [whole, whole];
  const start = Math.min(Math.round(from), whole - 1);
  return [start, Math.min(whole, Math.max(start + 1, Math.round(to)))];
}

function checkOutput({ width, height }: Size, { limit }: BoundedSpec): void {
  if (Math.max(width, height) <= MAX_SIDE && width * height <= limit) return;
  const limits = `${MAX_SIDE} pixels a side and ${limit} in all`;
  const problem = `the image would be ${width}×${height}, but may have at most ${limits}`;
  throw new MediaError("invalid_transform", problem);
}
