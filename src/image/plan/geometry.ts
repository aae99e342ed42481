import { MediaError } from "../../errors.ts";
import type { Crop, Gravity, OutputFormat, TransformSpec } from "../../transform/spec.ts";
import { MAX_SIDE, maxPixels, pointOf } from "../../transform/spec.ts";
import type { Region, Size } from "./sizes.ts";
import { boxAround, boxWithin, outputScale, rotatedSize, scaleBy } from "./sizes.ts";

/** What is to be done to a picture, in numbers of pixels; the steps only carry it out. */
export interface Plan {
  /** The part of the upright original to begin with. */
  readonly crop?: Region;
  /** What that part is scaled to. */
  readonly resize: Size;
  /** The part of the scaled picture to keep: a region, or one that is yet to be found. */
  readonly cut?: Region | SoughtCut;
  /** The box that the picture, once rotated, is extended to. */
  readonly pad?: Size;
}

/** The most telling part of that size, which sharp is to find. */
interface SoughtCut extends Size {
  readonly strategy: "attention" | "entropy";
}

export function isSought(cut: Plan["cut"]): cut is SoughtCut {
  return cut !== undefined && "strategy" in cut;
}

/** What to do, and how many pixels may come of it. */
interface BoundedSpec extends TransformSpec {
  /** Of all frames together. */
  readonly frames: number;
  readonly limit: number;
}

/** The largest area of all frames of an animation together, in pixels: encoders take them one by one. */
const MAX_ANIMATED_PIXELS = 25_000_000;

/** Scaled pictures may be this much longer than what is cut from them, before it is done otherwise. */
const MAX_SCALED_SIDE = 4 * MAX_SIDE;
const MAX_SEARCHED_PIXELS = 40_000_000;
/** A turned picture's sides are rounded once more. */
const TURNED_MARGIN = 0.999;

/**
 * Plans a normalized spec for an original of the given upright size. The plan of an animation is one for
 * each of its frames.
 *
 * @throws MediaError `unusable_original` when the crop misses the picture, `invalid_transform` when the
 * result would be too large.
 */
export function planGeometry(
  original: Size & { readonly frames?: number },
  { format, ...transform }: TransformSpec & { readonly format: OutputFormat },
): Plan {
  const spec = { ...transform, ...boundFrames(maxPixels(format), original.frames) };
  const asked = spec.crop && intersect(original, spec.crop);
  const picture = asked ?? { left: 0, top: 0, ...original };
  const { crop = asked, ...upright } = planSize(picture, refocus(spec, original, picture));
  const plan = fitTurned(upright, picture, spec);
  checkOutput(rotatedSize(plan.pad ?? plan.cut ?? plan.resize, spec), spec);
  return {
    ...plan,
    ...(crop && { crop }),
    ...(plan.pad && { pad: rotatedSize(plan.pad, spec) }),
  };
}

function boundFrames(pixels: number, frames = 1): Pick<BoundedSpec, "frames" | "limit"> {
  const all = frames === 1 ? pixels : Math.min(pixels, MAX_ANIMATED_PIXELS);
  return { frames, limit: Math.floor(all / frames) };
}

/** A picture that is only to be inside some box is also to be inside the limits once it is turned. */
function fitTurned(plan: Plan, picture: Size, spec: BoundedSpec): Plan {
  const { resize } = plan;
  const excess = outputScale(rotatedSize(resize, spec), spec.limit);
  if (excess >= 1 || !isInside(spec)) return plan;
  const scale = Math.min(resize.width / picture.width, resize.height / picture.height);
  return { ...plan, resize: scaleBy(picture, scale * excess * TURNED_MARGIN) };
}

/** Whether a spec asks for no more than that the picture be inside of something. */
function isInside({ width, height, aspectRatio, mode }: TransformSpec): boolean {
  const hasBox = aspectRatio ?? (width && height);
  return !hasBox || mode === "limit" || mode === "fit";
}

/** Where a picture goes in a box, by the gravity of `spec`. */
export function placeIn(box: Size, picture: Size, gravity: Gravity | undefined): Region {
  const { x, y } = focusOf(gravity);
  return {
    left: Math.round(Math.max(0, box.width - picture.width) * x),
    top: Math.round(Math.max(0, box.height - picture.height) * y),
    width: Math.min(picture.width, box.width),
    height: Math.min(picture.height, box.height),
  };
}

/** A focal point is one of the original: it has another place in a part of it, or one outside. */
function refocus(spec: BoundedSpec, original: Size, part: Region): BoundedSpec {
  const { gravity } = spec;
  if (typeof gravity !== "object") return spec;
  const x = (gravity.x * original.width - part.left) / part.width;
  const y = (gravity.y * original.height - part.top) / part.height;
  return { ...spec, gravity: { x, y } };
}

function planSize(picture: Region, spec: BoundedSpec): Plan {
  const { width, height, aspectRatio, mode, gravity } = spec;
  if (width && height) return planBox(picture, { width, height }, spec);
  if (!aspectRatio) return { resize: inside(picture, { width, height }, spec) };
  return mode === "pad"
    ? padTo(picture, boxAround(picture, aspectRatio), spec)
    : cover(picture, shrink(boxWithin(picture, aspectRatio), picture, spec), gravity);
}

function planBox(picture: Region, box: Size, spec: BoundedSpec): Plan {
  const { mode, gravity } = spec;
  switch (mode) {
    case "fill":
      return cover(picture, box, gravity);
    case "limit":
    case "fit":
      return { resize: inside(picture, box, spec) };
    case "pad":
    case "lpad":
      return { resize: inside(picture, box, spec), pad: box };
    case "scale":
      return { resize: box };
    default:
      return cover(picture, shrink(box, picture, spec), gravity);
  }
}

/** Scales to fit inside the box, whose absent sides do not count, and always inside the output limits. */
function inside(picture: Size, box: Box, { mode, limit }: BoundedSpec): Size {
  const isEnlarging = mode === "fit" || mode === "pad";
  const scale = Math.min(
    (box.width ?? Infinity) / picture.width,
    (box.height ?? Infinity) / picture.height,
    isEnlarging ? Infinity : 1,
    outputScale(picture, limit),
  );
  return scaleBy(picture, scale);
}

interface Box {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Shrinks a box, in its own ratio, to fit into the picture and the output limits. */
function shrink(box: Size, picture: Size, { limit }: BoundedSpec): Size {
  const scale = Math.min(
    1,
    picture.width / box.width,
    picture.height / box.height,
    outputScale(box, limit),
  );
  return scaleBy(box, scale);
}

function padTo(picture: Size, box: Size, { limit }: BoundedSpec): Plan {
  const scale = Math.min(1, outputScale(box, limit));
  return { resize: scaleBy(picture, scale), pad: scaleBy(box, scale) };
}

function cover(picture: Region, box: Size, gravity: Gravity | undefined): Plan {
  const scale = Math.max(box.width / picture.width, box.height / picture.height);
  const scaled = {
    width: Math.max(box.width, Math.round(picture.width * scale)),
    height: Math.max(box.height, Math.round(picture.height * scale)),
  };
  const isSliver = Math.max(scaled.width, scaled.height) > MAX_SCALED_SIDE;
  // to find what draws attention, libvips holds all of the scaled picture
  const isSearched = gravity === "auto" || gravity === "entropy";
  const isHuge = isSearched && scaled.width * scaled.height > MAX_SEARCHED_PIXELS;
  if (isSliver || isHuge) return cutFirst(picture, box, gravity);
  if (scaled.width === box.width && scaled.height === box.height) return { resize: box };
  if (gravity === "auto") return { resize: scaled, cut: { ...box, strategy: "attention" } };
  if (gravity === "entropy") return { resize: scaled, cut: { ...box, strategy: "entropy" } };
  return { resize: scaled, cut: regionAround(scaled, box, gravity) };
}

/** A sliver of a picture, much enlarged: only what will be seen of it is scaled. */
function cutFirst(picture: Region, box: Size, gravity: Gravity | undefined): Plan {
  const part = regionAround(picture, scaleBy(boxWithin(picture, box), 1), gravity);
  const crop = { ...part, left: part.left + picture.left, top: part.top + picture.top };
  return { crop, resize: box };
}

/** The region of the given size whose middle is as near to the focus as the picture's edges allow. */
function regionAround(
  picture: Size,
  { width, height }: Size,
  gravity: Gravity | undefined,
): Region {
  const { x, y } = focusOf(gravity);
  return {
    left: startAround(picture.width * x, width, picture.width),
    top: startAround(picture.height * y, height, picture.height),
    width,
    height,
  };
}

function startAround(focus: number, length: number, whole: number): number {
  return Math.min(Math.max(0, Math.round(focus - length / 2)), whole - length);
}

function focusOf(gravity: Gravity | undefined): { readonly x: number; readonly y: number } {
  if (typeof gravity === "object") return gravity;
  return pointOf(!gravity || gravity === "auto" || gravity === "entropy" ? "center" : gravity);
}

function intersect(picture: Size, crop: Crop): Region {
  const { x, y, width, height } = crop;
  const unit = crop.unit === "pixel" ? { width: 1, height: 1 } : picture;
  const [left, right] = clip(x * unit.width, (x + width) * unit.width, picture.width);
  const [top, bottom] = clip(y * unit.height, (y + height) * unit.height, picture.height);
  if (left < right && top < bottom) {
    return { left, top, width: right - left, height: bottom - top };
  }
  const problem = `the crop lies outside the original, which is ${picture.width}×${picture.height}`;
  throw new MediaError("unusable_original", problem);
}

/** To whole pixels, at least one of them as long as there is anything left. */
function clip(from: number, to: number, whole: number): readonly [start: number, end: number] {
  if (from >= whole) return [whole, whole];
  const start = Math.min(Math.round(from), whole - 1);
  return [start, Math.min(whole, Math.max(start + 1, Math.round(to)))];
}

function checkOutput({ width, height }: Size, { frames, limit }: BoundedSpec): void {
  if (Math.max(width, height) <= MAX_SIDE && width * height <= limit) return;
  const limits = `${MAX_SIDE} pixels a side and ${limit} in all`;
  const problem = `the picture would be ${width}×${height}, but may have at most ${limits}`;
  const advice = `for each of its ${frames} frames: without "fl_animated" there is only the first`;
  throw new MediaError("invalid_transform", frames === 1 ? problem : `${problem} ${advice}`);
}
