import type { Pixels } from "../sharp/pixels.ts";
import type { Size } from "../plan/sizes.ts";

/** Pixels with alpha. */
export type AlphaPixels = Pixels & { readonly channels: 4 };

/**
 * Rounds the corners of an image, in place: pixels outside of them become transparent. A radius is
 * at most half of the shorter side; `max` makes an ellipse.
 */
export function roundCorners(pixels: AlphaPixels, radius: number | "max"): AlphaPixels {
  const { data, width, height } = pixels;
  const corner = measureCorner(pixels, radius);
  for (let y = 0; y < height; y += 1) {
    const row = Math.min(y, height - 1 - y);
    for (let x = 0; row < corner.height && x < corner.width; x += 1) {
      const seen = measureCoverage(corner, x, row);
      if (seen >= 1) break; // all pixels further in are inside too
      const mirrored = width - 1 - x;
      fade(data, y * width + x, seen);
      if (mirrored !== x) fade(data, y * width + mirrored, seen);
    }
  }
  return pixels;
}

/** Gives the radii in both directions. */
function measureCorner({ width, height }: Size, radius: number | "max"): Size {
  if (radius === "max") return { width: width / 2, height: height / 2 };
  const capped = Math.min(radius, width / 2, height / 2);
  return { width: capped, height: capped };
}

/** Measures how much of a pixel, counted from the corner, is inside of the curve, by the distance of its middle. */
function measureCoverage({ width, height }: Size, x: number, y: number): number {
  const across = (width - x - 0.5) / width;
  const down = (height - y - 0.5) / height;
  const distance = Math.sqrt(across ** 2 + down ** 2);
  const slope = Math.sqrt((across / width) ** 2 + (down / height) ** 2) / distance;
  // the distance from the curve in pixels, to the first order; the middle has no slope
  return distance === 0 ? 1 : Math.max(0, Math.min(1, (1 - distance) / slope + 0.5));
}

function fade(data: Buffer, pixel: number, factor: number): void {
  const at = pixel * 4 + 3;
  data[at] = Math.round((data[at] ?? 0) * factor);
}
