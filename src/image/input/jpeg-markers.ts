// The markers of JPEG (ITU-T T.81, table B.1) that matter here.
export const MARKER = 0xff;
/** Frames whose scans each have all bits of their coefficients: baseline, extended, and coded arithmetically. */
export const SEQUENTIAL_FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc9]);
export const PROGRESSIVE_FRAME = 0xc2;
/** Define Huffman tables. */
export const DHT = 0xc4;
/** Define quantization tables. */
export const DQT = 0xdb;
/** End of image. */
export const EOI = 0xd9;
/** Start of scan. */
export const SOS = 0xda;
/** Define restart interval. */
export const DRI = 0xdd;
/** Comment. */
export const COM = 0xfe;

/** The position of the next marker's code; stuffed bytes, fill bytes and restart markers are none. */
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
  return code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc;
}

/** An unsigned number of two bytes. */
export function readPair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
