import type { Size } from "../plan/sizes.ts";
import { readType } from "./avif/boxes.ts";

export const SIGNATURE_LENGTH = 8;
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

/** An empty chunk and its checksum. */
const END = Buffer.from("\0\0\0\0IEND\xae\x42\x60\x82", "latin1");

/** Tells cheaply whether a PNG has its end, as almost all do. */
export function endsLikePng(bytes: Uint8Array): boolean {
  return END.equals(bytes.subarray(-END.length));
}

export function hasDeepPixels(bytes: Uint8Array): boolean {
  return bytes[DEPTH_AT] === 16;
}

interface PngChunk {
  readonly type: string;
  readonly data: DataView;
  readonly checksum: number;
}

/** Before the pixels there are a dozen or two. */
const MAX_CHUNKS = 256;

/** Walks the first chunks of a PNG, up to one that is cut off. */
export function* walkPngChunks(bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE_LENGTH;
  for (let count = 0; count < MAX_CHUNKS && at + CHUNK_OVERHEAD <= bytes.length; count += 1) {
    const length = view.getUint32(at);
    const data = at + 8;
    if (data + length + 4 > bytes.length) return;
    yield {
      type: readType(bytes, at + 4),
      data: new DataView(bytes.buffer, bytes.byteOffset + data, length),
      checksum: view.getUint32(data + length),
    };
    at = data + length + 4;
  }
}

/** The checksum of a small chunk (PNG, annex D). This folder stands above no package, and so above no zlib. */
export function computeChecksum(type: string, data: DataView): number {
  let crc = ~0;
  const add = (byte: number): void => {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0);
  };
  for (const character of type) add(character.codePointAt(0) ?? 0);
  for (let at = 0; at < data.byteLength; at += 1) add(data.getUint8(at));
  return ~crc >>> 0;
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
