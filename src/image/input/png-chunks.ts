const SIGNATURE_LENGTH = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_OVERHEAD = 12;

/**
 * tEXt, zTXt and iTXt. libpng inflates each of them before the first pixel, up to 50 MB a piece; no
 * variant keeps them anyway.
 */
export const PNG_TEXT: ReadonlySet<number> = new Set([0x74455874, 0x7a545874, 0x69545874]);
/** pHYs: how many pixels of the original make a metre, which libvips hands on. */
export const PNG_DENSITY: ReadonlySet<number> = new Set([0x70485973]);

/** Takes chunks of some types out of a PNG. What follows a broken chunk is left as it is. */
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
    else length = keep(output, bytes.subarray(at, end), length);
    at = end;
  }
  length = keep(output, bytes.subarray(at), length);
  return output ? output.subarray(0, length) : bytes;
}

/** Until the first such chunk nothing has moved, so nothing needs copying. */
function keep(output: Uint8Array | undefined, chunk: Uint8Array, length: number): number {
  output?.set(chunk, length);
  return length + chunk.length;
}
