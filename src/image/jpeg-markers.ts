const MARKER = 0xff;
const EOI = 0xd9;

/**
 * The position of the next marker's code (ITU-T T.81, B.1.1.2); stuffed bytes, fill bytes and restart markers are
 * none.
 */
export function findMarker(bytes: Uint8Array, from: number): number | undefined {
  let at = bytes.indexOf(MARKER, from);
  while (at !== -1) {
    const code = bytes[at + 1] ?? EOI;
    if (code !== 0 && code !== MARKER && !(code >= 0xd0 && code <= 0xd7)) return at + 1;
    at = bytes.indexOf(MARKER, at + 1);
  }
  return undefined;
}

/** SOF0 to SOF15, less DHT, JPG and DAC among them. */
export function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

/** An unsigned number of two bytes. */
export function readPair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
