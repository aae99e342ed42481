import type { Block } from "../block.ts";
import { createBlock, readLatin1 } from "../block.ts";

/** Position of the first chunk. */
const CHUNK = 12;

/** Finds the metadata of a WebP (RFC 9649, 2.7.1.5). */
export function* listWebpBlocks(file: Uint8Array): Generator<Block> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = CHUNK;
  while (at + 8 <= file.length) {
    const name = readLatin1(file, at, at + 4);
    const start = at + 8;
    const length = view.getUint32(at + 4, true);
    const end = Math.min(file.length, start + length);
    if (name === "EXIF") yield createBlock("exif", file, [{ start, end }]);
    if (name === "XMP ") yield createBlock("xmp", file, [{ start, end }]);
    at = start + length + (length % 2); // chunks have even lengths
  }
}
