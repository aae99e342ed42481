import type { TransformSpec } from "../../transform/spec.ts";
import type { Pixels } from "../sharp/pixels.ts";
import type { Region } from "../plan/sizes.ts";

/**
 * Finds the content of an image inside of borders that look like its top left corner; all of it when
 * there is nothing else.
 *
 * @param tolerance how far a level may be from that of the corner, 0 to 255
 */
export function findContent(pixels: Pixels, tolerance: number): Region {
  const { width, height } = pixels;
  const border: Border = { ...pixels, tolerance, corner: readPremultiplied(pixels, 0) };
  const top = findRow(border, 0, 1);
  if (top === height) return { left: 0, top: 0, width, height };
  const bottom = findRow(border, height - 1, -1);
  let [left, right] = [width, -1];
  for (let y = top; y <= bottom; y += 1) {
    left = Math.min(left, countBorder(border, { y, from: 0, step: 1, most: left }));
    const most = width - 1 - right;
    right = Math.max(
      right,
      width - 1 - countBorder(border, { y, from: width - 1, step: -1, most }),
    );
  }
  return { left, top, width: right + 1 - left, height: bottom + 1 - top };
}

/** Gives the smallest region around all regions. */
export function uniteRegions(regions: readonly Region[]): Region {
  const left = Math.min(...regions.map((region) => region.left));
  const top = Math.min(...regions.map((region) => region.top));
  const right = Math.max(...regions.map((region) => region.left + region.width));
  const bottom = Math.max(...regions.map((region) => region.top + region.height));
  return { left, top, width: right - left, height: bottom - top };
}

/** Replaces the trim of a spec by a crop to a region of the upright original. */
export function cropTo<T extends TransformSpec>(spec: T, region: Region): T {
  const { left: x, top: y, width, height } = region;
  return { ...spec, crop: { unit: "pixel", x, y, width, height } };
}

interface Border extends Pixels {
  readonly tolerance: number;
  readonly corner: readonly number[];
}

/** Finds the first row that is not all border. */
function findRow(border: Border, from: number, step: 1 | -1): number {
  const { width, height } = border;
  let y = from;
  while (
    y >= 0 &&
    y < height &&
    countBorder(border, { y, from: 0, step: 1, most: width }) === width
  ) {
    y += step;
  }
  return y;
}

interface Line {
  readonly y: number;
  readonly from: number;
  readonly step: 1 | -1;
  readonly most: number;
}

/** Counts the pixels of border at one end of a row, up to `most`. */
function countBorder(border: Border, { y, from, step, most }: Line): number {
  const start = y * border.width + from;
  let count = 0;
  while (count < most && isBorder(border, start + count * step)) count += 1;
  return count;
}

/** Compares premultiplied levels, so that the colour of a transparent pixel does not count. */
function isBorder(border: Border, pixel: number): boolean {
  const { data, channels, corner, tolerance } = border;
  const at = pixel * channels;
  const alpha = channels === 4 ? (data[at + 3] ?? 0) : 255;
  for (let channel = 0; channel < 3; channel += 1) {
    const level = ((data[at + channel] ?? 0) * alpha) / 255;
    if (Math.abs(level - (corner[channel] ?? 0)) > tolerance) return false;
  }
  return Math.abs(alpha - (corner[3] ?? 255)) <= tolerance;
}

function readPremultiplied({ data, channels }: Pixels, at: number): readonly number[] {
  const alpha = channels === 4 ? (data[at + 3] ?? 0) : 255;
  const [r = 0, g = 0, b = 0] = data.subarray(at, at + 3);
  return [(r * alpha) / 255, (g * alpha) / 255, (b * alpha) / 255, alpha];
}
