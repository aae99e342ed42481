import { constants, deflateSync, inflateSync } from "node:zlib";

/** `undefined` for a broken stream, and for one that comes to more than `maxBytes`. */
export function inflate(stream: Uint8Array, maxBytes: number): Uint8Array | undefined {
  if (maxBytes < 1) return undefined;
  try {
    return inflateSync(stream, { maxOutputLength: maxBytes });
  } catch {
    return undefined; // hostile bytes, or a reader's end of patience
  }
}

/** The header of a block of stored bytes, and the checksum at the end (RFC 1951, 3.2.4; RFC 1950, 2.2). */
const STORED_HEADER_BYTES = 5;
const CHECKSUM_BYTES = 4;
const MAX_STORED_BYTES = 0xffff;
const SPACE = 0x20;

/** Compresses a text, with spaces after it, to a zlib stream of exactly `length` bytes; `undefined` if it is too long. */
export function compressTo(length: number, text: Uint8Array): Uint8Array | undefined {
  // a sync flush ends at a whole byte, without a last block
  const begin = deflateSync(text, { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
  const stored: Uint8Array[] = [];
  let spaces = 0;
  let room = length - begin.length - CHECKSUM_BYTES;
  while (room > 0) {
    if (room < STORED_HEADER_BYTES) return undefined;
    const most = Math.min(room - STORED_HEADER_BYTES, MAX_STORED_BYTES);
    const rest = room - STORED_HEADER_BYTES - most;
    // leave enough for the header of another block
    const count = rest > 0 && rest < STORED_HEADER_BYTES ? most - STORED_HEADER_BYTES : most;
    room -= STORED_HEADER_BYTES + count;
    spaces += count;
    stored.push(storeSpaces(count, room === 0));
  }
  if (stored.length === 0) return undefined;
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(computeAdler32(text, spaces));
  return Buffer.concat([begin, ...stored, checksum]);
}

function storeSpaces(count: number, isLast: boolean): Uint8Array {
  const block = Buffer.alloc(STORED_HEADER_BYTES + count, SPACE);
  block[0] = isLast ? 1 : 0;
  block.writeUInt16LE(count, 1);
  block.writeUInt16LE(~count & 0xffff, 3);
  return block;
}

/** The checksum of a text with spaces after it (RFC 1950, 9). */
function computeAdler32(text: Uint8Array, spaces: number): number {
  const MODULUS = 65_521;
  let a = 1;
  let b = 0;
  const add = (byte: number): void => {
    a = (a + byte) % MODULUS;
    b = (b + a) % MODULUS;
  };
  for (const byte of text) add(byte);
  for (let index = 0; index < spaces; index += 1) add(SPACE);
  return b * 0x1_0000 + a;
}
