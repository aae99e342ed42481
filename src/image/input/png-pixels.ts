import { SIGNATURE_LENGTH } from "./png.ts";

/** A PNG in parts: its beginning, the compressed pixels, and whether it has its end. */
export interface PngParts {
  readonly beginning: Uint8Array;
  readonly pixels: readonly PixelChunk[];
  readonly hasEnd: boolean;
}

interface PixelChunk {
  readonly data: Uint8Array;
  /** As it is stored, over type and data; `undefined` where it is cut off. */
  readonly checksum: number | undefined;
}

/** "IDAT" and "IEND" */
const PIXELS = 0x49444154;
const END = 0x49454e44;
const HEADER_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** Chunks of 8 kB are common, and make 8,192 of the largest original. */
const MAX_CHUNKS = 65_536;

/** Takes a PNG apart. The last part may be cut off. `undefined` for one of very many chunks. */
export function splitPng(png: Uint8Array): PngParts | undefined {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const pixels: PixelChunk[] = [];
  let beginning = png;
  let at = SIGNATURE_LENGTH;
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    if (at + HEADER_BYTES > png.length) return { beginning, pixels, hasEnd: false };
    const type = view.getUint32(at + 4);
    if (type === END) return { beginning, pixels, hasEnd: true };
    const end = at + HEADER_BYTES + view.getUint32(at);
    if (type === PIXELS) {
      if (pixels.length === 0) beginning = png.subarray(0, at);
      const checksum = end + CHECKSUM_BYTES <= png.length ? view.getUint32(end) : undefined;
      pixels.push({ data: png.subarray(at + HEADER_BYTES, end), checksum });
    }
    at = end + CHECKSUM_BYTES;
  }
  return undefined;
}

/** Channels by colour type (PNG, table 9). */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column and row, and steps between columns and rows, of the passes of an interlaced image (PNG, 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const ONE_PASS = [[0, 0, 1, 1]] as const;

/** Counts the bytes of the pixels of a PNG before they were compressed, by its header; 0 for a header that is wrong. */
export function countPixelBytes(png: Uint8Array): number {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, color, interlace] = [view.getUint8(24), view.getUint8(25), view.getUint8(28)];
  const bits = depth * (CHANNELS[color] ?? 0);
  let bytes = 0;
  for (const [left, top, across, down] of interlace === 1 ? PASSES : ONE_PASS) {
    const columns = Math.ceil((width - left) / across);
    const rows = Math.ceil((height - top) / down);
    // each row begins with its filter
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * bits) / 8));
  }
  return bits === 0 ? 0 : bytes;
}
