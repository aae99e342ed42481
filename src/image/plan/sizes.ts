import type { Ratio, TransformSpec } from "../../transform/spec.ts";
import { MAX_SIDE } from "../../transform/spec.ts";

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** Gives the bounding box of an image after the rotation of a spec. */
export function rotateSize({ width, height }: Size, { rotate }: TransformSpec): Size {
  const degrees = typeof rotate === "number" ? rotate : 0;
  if (degrees % 90 === 0) {
    return degrees % 180 === 0 ? { width, height } : { width: height, height: width };
  }
  const sine = Math.abs(Math.sin((degrees * Math.PI) / 180));
  const cosine = Math.abs(Math.cos((degrees * Math.PI) / 180));
  return {
    width: Math.round(width * cosine + height * sine),
    height: Math.round(width * sine + height * cosine),
  };
}

/** Gives the largest scale at which an image, with rounded sides, is within the output limits. */
export function limitScale({ width, height }: Size, maxPixels: number): number {
  const isWithin =
    Math.max(width, height) <= MAX_SIDE && Math.round(width) * Math.round(height) <= maxPixels;
  const largest = Math.min(
    MAX_SIDE / width,
    MAX_SIDE / height,
    scaleToArea({ width, height }, maxPixels),
  );
  return isWithin ? Math.max(1, largest) : largest;
}

/** Gives the scale at which an image has so many pixels when both sides are rounded up by a half. */
function scaleToArea({ width, height }: Size, pixels: number): number {
  const area = width * height;
  const half = (width + height) / 4;
  return (Math.sqrt(half ** 2 + area * (pixels - 1)) - half) / area;
}

/** Scales both sides to whole pixels, at least one. */
export function scaleBy({ width, height }: Size, scale: number): Size {
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** Gives the largest box of a ratio inside of an image. Its sides need not be whole. */
export function fitBoxInside({ width, height }: Size, ratio: Ratio): Size {
  const byHeight = { width: (height * ratio.width) / ratio.height, height };
  return byHeight.width <= width
    ? byHeight
    : { width, height: (width * ratio.height) / ratio.width };
}

/** Gives the smallest box of a ratio around an image. Its sides need not be whole. */
export function fitBoxAround({ width, height }: Size, ratio: Ratio): Size {
  const byHeight = { width: (height * ratio.width) / ratio.height, height };
  return byHeight.width >= width
    ? byHeight
    : { width, height: (width * ratio.height) / ratio.width };
}
