import type { Pixels } from "../sharp/pixels.ts";

/** Fills each block of `side` pixels with its mean; those at the right and at the bottom may be cut. */
export function pixelate(pixels: Pixels, side: number): Pixels {
  const sums = new Float64Array(Math.ceil(pixels.width / side) * PLACES);
  for (let top = 0; top < pixels.height; top += side) {
    const band = { top, bottom: Math.min(top + side, pixels.height), side };
    sums.fill(0);
    addUp(pixels, band, sums);
    average(sums);
    fillIn(pixels, band, sums);
  }
  return pixels;
}

/** Of a block: red, green and blue by their alpha, the alphas, and how many pixels there are. */
const PLACES = 5;

interface Band {
  readonly top: number;
  readonly bottom: number;
  readonly side: number;
}

/** Colours count by their alpha: otherwise that of transparent pixels would come to be seen. */
function addUp(
  { data, width, channels }: Pixels,
  { top, bottom, side }: Band,
  sums: Float64Array,
): void {
  for (let y = top; y < bottom; y += 1) {
    let at = y * width * channels;
    for (let x = 0; x < width; x += 1, at += channels) {
      const block = ((x / side) | 0) * PLACES;
      const weight = channels === 4 ? (data[at + 3] ?? 0) : 255;
      add(sums, block, weight * (data[at] ?? 0));
      add(sums, block + 1, weight * (data[at + 1] ?? 0));
      add(sums, block + 2, weight * (data[at + 2] ?? 0));
      add(sums, block + 3, weight);
      add(sums, block + 4, 1);
    }
  }
}

function add(sums: Float64Array, place: number, value: number): void {
  sums[place] = (sums[place] ?? 0) + value;
}

function average(sums: Float64Array): void {
  for (let block = 0; block < sums.length; block += PLACES) {
    const weight = Math.max(1, sums[block + 3] ?? 0);
    for (let place = block; place < block + 3; place += 1) {
      sums[place] = Math.round((sums[place] ?? 0) / weight);
    }
    sums[block + 3] = Math.round((sums[block + 3] ?? 0) / Math.max(1, sums[block + 4] ?? 0));
  }
}

function fillIn(
  { data, width, channels }: Pixels,
  { top, bottom, side }: Band,
  means: Float64Array,
): void {
  for (let y = top; y < bottom; y += 1) {
    let at = y * width * channels;
    for (let x = 0; x < width; x += 1, at += channels) {
      const block = ((x / side) | 0) * PLACES;
      data[at] = means[block] ?? 0;
      data[at + 1] = means[block + 1] ?? 0;
      data[at + 2] = means[block + 2] ?? 0;
      if (channels === 4) data[at + 3] = means[block + 3] ?? 0;
    }
  }
}
