import type { Size } from "./sizes.ts";

const CHUNK = 12;
const DATA = 20;

/**
 * Reads the size of a WebP off its first chunk (RFC 9649). libwebp, asked for the same, makes room for
 * all pixels first: 38 bytes can claim 268 million of them.
 */
export function readWebpSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < DATA + 10) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (String.fromCodePoint(...bytes.subarray(CHUNK, CHUNK + 4))) {
    case "VP8X":
      return {
        width: 1 + (view.getUint32(DATA + 4, true) & 0xff_ffff),
        height: 1 + (view.getUint32(DATA + 6, true) >>> 8),
      };
    case "VP8L": {
      const bits = view.getUint32(DATA + 1, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case "VP8 ":
      return {
        width: view.getUint16(DATA + 6, true) & 0x3fff,
        height: view.getUint16(DATA + 8, true) & 0x3fff,
      };
    default:
      return undefined;
  }
}
