import { Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import type { PngParts } from "../input/png-pixels.ts";
import { countPixelBytes } from "../input/png-pixels.ts";
import { toPngChunk } from "./png-chunk.ts";

/** The two bytes before compressed data (RFC 1950). */
const ZLIB_HEADER_BYTES = 2;

/**
 * Gives a PNG whose pixels have a wrong checksum, or none, the right one, and its end. Browsers show such images. libpng
 * loses the last row of them, and so libvips refuses them. `undefined` where pixels are missing, or damaged: then both the
 * checksum of a chunk and that of all pixels are wrong.
 */
export async function mendPng({ beginning, pixels }: PngParts): Promise<Uint8Array | undefined> {
  const zlib = Buffer.concat(pixels.map(({ data }) => data));
  const found = await checkPixels(zlib.subarray(ZLIB_HEADER_BYTES), countPixelBytes(beginning));
  if (!found) return undefined;
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(found.checksum);
  const end = ZLIB_HEADER_BYTES + found.length;
  const stored = zlib.subarray(end, end + checksum.length);
  if (!checksum.equals(stored) && pixels.some(isDamaged)) return undefined;
  const data = toPngChunk("IDAT", Buffer.concat([zlib.subarray(0, end), checksum]));
  return Buffer.concat([beginning, data, toPngChunk("IEND", Buffer.alloc(0))]);
}

function isDamaged({ data, checksum }: PngParts["pixels"][number]): boolean {
  return checksum !== undefined && crc32(data, PIXELS_CHECKSUM) !== checksum;
}

/** The checksum of a chunk goes over its type first. */
const PIXELS_CHECKSUM = crc32("IDAT");

interface CheckedPixels {
  /** Of the compressed data. */
  readonly length: number;
  /** Adler-32 of the pixels. */
  readonly checksum: number;
}

/** Inflates pixels, piece by piece, and keeps none of them; `undefined` unless there are so many bytes of them. */
async function checkPixels(data: Buffer, expected: number): Promise<CheckedPixels | undefined> {
  const inflate = createInflateRaw();
  let bytes = 0;
  let sums: Sums = [1, 0];
  try {
    for await (const piece of Readable.from([data]).pipe(inflate) as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > expected) return undefined;
      sums = addToSums(sums, piece);
    }
  } catch {
    return undefined; // the data is damaged, or ends early
  }
  const [low, high] = sums;
  const checksum = high * 0x1_00_00 + low;
  return bytes === expected && bytes > 0 ? { length: inflate.bytesWritten, checksum } : undefined;
}

type Sums = readonly [low: number, high: number];

/** The largest prime below 2^16 (RFC 1950, 9). */
const PRIME = 65_521;
/** Bytes after which the sums may still be reduced exactly. */
const BLOCK = 5552;

function addToSums([low, high]: Sums, bytes: Buffer): Sums {
  let [a, b] = [low, high];
  for (let from = 0; from < bytes.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, bytes.length);
    for (let at = from; at < to; at += 1) {
      a += bytes[at] ?? 0;
      b += a;
    }
    a %= PRIME;
    b %= PRIME;
  }
  return [a, b];
}
