import { crc32 } from "node:zlib";

/** A chunk of a PNG with its length and checksum. */
export function toPngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** The signature and the header of every PNG. */
const HEADER_BYTES = 33;

/** Puts a chunk right after the header. */
export function insertPngChunk(png: Uint8Array, chunk: Uint8Array): Buffer {
  return Buffer.concat([png.subarray(0, HEADER_BYTES), chunk, png.subarray(HEADER_BYTES)]);
}
