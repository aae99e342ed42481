const SIGNATURE_LENGTH = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_OVERHEAD = 12;
/** tEXt, zTXt and iTXt. */
const TEXT_CHUNKS: ReadonlySet<number> = new Set([0x74455874, 0x7a545874, 0x69545874]);

/**
 * Takes the text chunks out of a PNG. libpng inflates each of them before the first pixel, up to 50 MB
 * a piece; no variant keeps them anyway. What follows a broken chunk is left as it is.
 */
export function dropPngText(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let output: Uint8Array | undefined;
  let length = SIGNATURE_LENGTH;
  let at = SIGNATURE_LENGTH;
  while (at + CHUNK_OVERHEAD <= bytes.length) {
    const end = Math.min(at + CHUNK_OVERHEAD + view.getUint32(at), bytes.length);
    const type = view.getUint32(at + 4);
    // the slice of a Buffer would share its memory
    if (TEXT_CHUNKS.has(type)) output ??= new Uint8Array(bytes);
    else length = keep(output, bytes.subarray(at, end), length);
    at = end;
  }
  length = keep(output, bytes.subarray(at), length);
  return output ? output.subarray(0, length) : bytes;
}

/** Until the first text chunk nothing has moved, so nothing needs copying. */
function keep(output: Uint8Array | undefined, chunk: Uint8Array, length: number): number {
  output?.set(chunk, length);
  return length + chunk.length;
}
