import type { Block } from "../block.ts";
import { createBlock } from "../block.ts";

/** The application extension of XMP, and the bytes after the packet: from each of them, decoders come to its end. */
const BEGIN = Buffer.from("\x21\xff\x0bXMP DataXMP", "latin1");
const TRAILER = Buffer.from([0x01, 0xff, 0xfe, 0xfd]);

/**
 * Finds the XMP of a GIF. The packet is no sequence of sub-blocks: decoders take its letters for their lengths, so any
 * letter but NUL is as good as another.
 */
export function* listGifBlocks(file: Uint8Array): Generator<Block> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  let at = bytes.indexOf(BEGIN);
  while (at !== -1) {
    const start = at + BEGIN.length;
    const end = bytes.indexOf(TRAILER, start);
    if (end === -1) return;
    yield createBlock("xmp", file, [{ start, end }]);
    at = bytes.indexOf(BEGIN, end);
  }
}
