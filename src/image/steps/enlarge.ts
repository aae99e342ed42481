import type { Region, Size } from "../plan/sizes.ts";
import { noteGarbage } from "../sharp/memory-pressure.ts";
import type { Pixels } from "../sharp/pixels.ts";

// libvips 8.18 moves what it enlarges by half a pixel to the right and down, and rounds positions to 1/64 of a pixel.

/** The four pixels of a line that count for a position, and how much they do. */
interface Taps {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly ofA: number;
  readonly ofB: number;
  readonly ofC: number;
  readonly ofD: number;
}

/**
 * Scales an image to at least its own size, by Catmull-Rom splines: first along rows, then along columns. Colours are
 * premultiplied meanwhile.
 *
 * @param part of the result, which alone is made
 */
export function enlarge(pixels: Pixels, to: Size, part: Region): Pixels {
  const { channels } = pixels;
  const across = placeTaps(pixels.width, to.width, { start: part.left, count: part.width });
  const down = placeTaps(pixels.height, to.height, { start: part.top, count: part.height });
  const data = Buffer.allocUnsafe(part.width * part.height * channels);
  const stretch = createStretcher(pixels, across);
  const mixed = new Float32Array(part.width * channels);
  for (const [y, taps] of down.entries()) {
    const rows = [stretch(taps.a), stretch(taps.b), stretch(taps.c), stretch(taps.d)] as const;
    mixRows(rows, taps, mixed);
    if (channels === 4) unpremultiplyRow(mixed);
    writeLevels(mixed, data, y * mixed.length);
  }
  noteGarbage(data.length);
  return { data, width: part.width, height: part.height, channels };
}

interface Range {
  readonly start: number;
  readonly count: number;
}

/** Finds the taps of each pixel of a line. Its ends go on beyond it. */
function placeTaps(from: number, to: number, { start, count }: Range): readonly Taps[] {
  const clamp = (at: number): number => Math.max(0, Math.min(from - 1, at));
  return Array.from({ length: count }, (_, index) => {
    const position = ((start + index + 0.5) * from) / to - 0.5;
    const b = Math.floor(position);
    const t = position - b;
    return {
      a: clamp(b - 1),
      b: clamp(b),
      c: clamp(b + 1),
      d: clamp(b + 2),
      ofA: (((2 - t) * t - 1) * t) / 2,
      ofB: ((3 * t - 5) * t * t + 2) / 2,
      ofC: (((4 - 3 * t) * t + 1) * t) / 2,
      ofD: ((t - 1) * t * t) / 2,
    };
  });
}

/** Stretches each row of the original once: the last four are kept. */
function createStretcher(pixels: Pixels, across: readonly Taps[]): (y: number) => Float32Array {
  const kept = new Map<number, Float32Array>();
  return (y) => {
    const known = kept.get(y);
    if (known) return known;
    const row = kept.get(y - 4) ?? new Float32Array(across.length * pixels.channels);
    kept.delete(y - 4);
    kept.set(y, row);
    stretchRow(premultiplyRow(pixels, y), across, pixels.channels, row);
    return row;
  };
}

function premultiplyRow({ data, width, channels }: Pixels, y: number): ArrayLike<number> {
  const row = data.subarray(y * width * channels, (y + 1) * width * channels);
  if (channels === 3) return row;
  const levels = Float32Array.from(row);
  for (let at = 0; at < levels.length; at += 4) {
    const alpha = (levels[at + 3] ?? 0) / 255;
    for (let channel = at; channel < at + 3; channel += 1)
      levels[channel] = (levels[channel] ?? 0) * alpha;
  }
  return levels;
}

function stretchRow(
  row: ArrayLike<number>,
  across: readonly Taps[],
  channels: number,
  target: Float32Array,
): void {
  let next = 0;
  for (const { a, b, c, d, ofA, ofB, ofC, ofD } of across) {
    for (let channel = 0; channel < channels; channel += 1) {
      const near =
        (row[b * channels + channel] ?? 0) * ofB + (row[c * channels + channel] ?? 0) * ofC;
      const far =
        (row[a * channels + channel] ?? 0) * ofA + (row[d * channels + channel] ?? 0) * ofD;
      target[next] = near + far;
      next += 1;
    }
  }
}

type Rows = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function mixRows([a, b, c, d]: Rows, { ofA, ofB, ofC, ofD }: Taps, target: Float32Array): void {
  for (let at = 0; at < target.length; at += 1) {
    const near = (b[at] ?? 0) * ofB + (c[at] ?? 0) * ofC;
    target[at] = near + ((a[at] ?? 0) * ofA + (d[at] ?? 0) * ofD);
  }
}

function unpremultiplyRow(row: Float32Array): void {
  for (let at = 0; at < row.length; at += 4) {
    const alpha = row[at + 3] ?? 0;
    const factor = alpha > 0.5 ? 255 / alpha : 0;
    for (let channel = at; channel < at + 3; channel += 1)
      row[channel] = (row[channel] ?? 0) * factor;
  }
}

/** Splines overshoot at edges. */
function writeLevels(row: Float32Array, target: Buffer, start: number): void {
  for (let at = 0; at < row.length; at += 1) {
    const level = (row[at] ?? 0) + 0.5;
    target[start + at] = level < 0 ? 0 : Math.min(level, 255);
  }
}
