import type { Size } from "../plan/sizes.ts";

const SIGNATURE_LENGTH = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_OVERHEAD = 12;

/** tEXt, zTXt and iTXt. libpng inflates each before the first pixel, up to 50 MB a piece, and no variant has them. */
export const PNG_TEXT: ReadonlySet<number> = new Set([0x74455874, 0x7a545874, 0x69545874]);
/** pHYs: pixels of the original in a metre, which libvips writes into the variant. */
export const PNG_DENSITY: ReadonlySet<number> = new Set([0x70485973]);

/** Takes the text out of a PNG. */
export function admitPng(bytes: Uint8Array): Uint8Array {
  return dropPngChunks(bytes, PNG_TEXT);
}

/** Positions of both sides, and of the end of the header's data (PNG, 11.2.1). */
const WIDTH_AT = 16;
const HEIGHT_AT = 20;
const HEADER_END = 29;

/** Reads the size from the header, which is the first chunk. */
export function readPngSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < HEADER_END) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = { width: view.getUint32(WIDTH_AT), height: view.getUint32(HEIGHT_AT) };
  return size.width > 0 && size.height > 0 ? size : undefined;
}

/** Position of the bits of a channel (PNG, 11.2.1). */
const DEPTH_AT = 24;

export function hasDeepPixels(bytes: Uint8Array): boolean {
  return bytes[DEPTH_AT] === 16;
}

/** Takes chunks of some types out of a PNG. What follows a broken chunk stays as it is. */
export function dropPngChunks(bytes: Uint8Array, types: ReadonlySet<number>): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let output: Uint8Array | undefined;
  let length = SIGNATURE_LENGTH;
  let at = SIGNATURE_LENGTH;
  while (at + CHUNK_OVERHEAD <= bytes.length) {
    const end = Math.min(at + CHUNK_OVERHEAD + view.getUint32(at), bytes.length);
    const type = view.getUint32(at + 4);
    // the slice of a Buffer would share its memory
    if (types.has(type)) output ??= new Uint8Array(bytes);
    else length = copy(output, bytes.subarray(at, end), length);
    at = end;
  }
  length = copy(output, bytes.subarray(at), length);
  return output ? output.subarray(0, length) : bytes;
}

/** Copies a chunk to the output, which exists from the first dropped chunk on. */
function copy(output: Uint8Array | undefined, chunk: Uint8Array, length: number): number {
  output?.set(chunk, length);
  return length + chunk.length;
}
