import type { Pixels } from "./pixels.ts";
import type { Region } from "./sizes.ts";

/** Fills each block of `side` pixels with its mean; those at the right and at the bottom may be cut. */
export function pixelate(pixels: Pixels, side: number): Pixels {
  for (let top = 0; top < pixels.height; top += side) {
    for (let left = 0; left < pixels.width; left += side) {
      const width = Math.min(side, pixels.width - left);
      const height = Math.min(side, pixels.height - top);
      fillWithMean(pixels, { left, top, width, height });
    }
  }
  return pixels;
}

function fillWithMean(pixels: Pixels, block: Region): void {
  const [r, g, b, alpha] = meanOf(pixels, block);
  const { data, channels } = pixels;
  for (const { start, end } of rowsOf(pixels, block)) {
    for (let at = start; at < end; at += channels) {
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
      if (channels === 4) data[at + 3] = alpha;
    }
  }
}

/** Colours count by their alpha: otherwise that of transparent pixels would come to be seen. */
function meanOf(pixels: Pixels, block: Region): readonly [number, number, number, number] {
  const { data, channels } = pixels;
  let [r, g, b, weights] = [0, 0, 0, 0];
  for (const { start, end } of rowsOf(pixels, block)) {
    for (let at = start; at < end; at += channels) {
      const weight = channels === 4 ? (data[at + 3] ?? 0) : 255;
      r += weight * (data[at] ?? 0);
      g += weight * (data[at + 1] ?? 0);
      b += weight * (data[at + 2] ?? 0);
      weights += weight;
    }
  }
  const total = Math.max(1, weights);
  const alpha = weights / (block.width * block.height);
  return [Math.round(r / total), Math.round(g / total), Math.round(b / total), Math.round(alpha)];
}

interface Row {
  readonly start: number;
  readonly end: number;
}

/** Where the rows of a block are in the data. */
function rowsOf({ width, channels }: Pixels, block: Region): readonly Row[] {
  return Array.from({ length: block.height }, (_, row) => {
    const start = ((block.top + row) * width + block.left) * channels;
    return { start, end: start + block.width * channels };
  });
}
