import { MediaError } from "../../errors.ts";
import type { Size } from "../plan/sizes.ts";

/** Positions of the first chunk, and of its data. */
const CHUNK = 12;
const DATA = 20;

/** Of 8192 frames the first one takes a tenth of a second; the time grows by the square of their number. */
const MAX_FRAMES = 8192;

/**
 * Mends the length that a WebP claims.
 *
 * @throws MediaError `unusable_original` for a WebP of too many frames
 */
export function admitWebp(bytes: Uint8Array): Uint8Array {
  if (countWebpFrames(bytes, MAX_FRAMES) <= MAX_FRAMES) return mendLength(bytes);
  throw new MediaError(
    "unusable_original",
    `a WebP original must have at most ${MAX_FRAMES} frames`,
  );
}

/**
 * Reads the size of a WebP from its first chunk (RFC 9649). libwebp allocates all pixels before it tells the size, and
 * 38 bytes can claim 268 million of them.
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

/** The position of the features of an extended file, and the one that says that it has frames. */
const FEATURES = 20;
const ANIMATION = 0x02;
const ALPHA = 0x10;

export function isAnimatedWebp(bytes: Uint8Array): boolean {
  return isExtended(bytes) && ((bytes[FEATURES] ?? 0) & ANIMATION) > 0;
}

/**
 * Says of an animation that some of it can be seen through. libwebp says so only if a frame has pixels of that kind, and
 * not if frames are smaller than the image, or cleared.
 */
export function declareAlpha(bytes: Uint8Array): void {
  if (isExtended(bytes)) bytes[FEATURES] = (bytes[FEATURES] ?? 0) | ALPHA;
}

function isExtended(bytes: Uint8Array): boolean {
  return String.fromCodePoint(...bytes.subarray(CHUNK, CHUNK + 4)) === "VP8X";
}

/** "ANMF" */
const FRAME = 0x414e4d46;

/** Counts the frames of an animated WebP, and stops one past `limit`. */
export function countWebpFrames(bytes: Uint8Array, limit: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frames = 0;
  let at = CHUNK;
  while (at + 8 <= bytes.length && frames <= limit) {
    if (view.getUint32(at) === FRAME) frames += 1;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2); // chunks have even lengths
  }
  return frames;
}

/** Position of the length that all chunks have together, and the bytes up to its end. */
const LENGTH = 4;
const LENGTH_END = 8;

/**
 * Corrects a length that is larger than the file, and adds the last byte where it alone is missing, as browsers do. libwebp
 * waits for all that is promised. What lacks more bytes is cut off, and stays as it is.
 */
function mendLength(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWhole = bytes.length < DATA || view.getUint32(LENGTH, true) + LENGTH_END <= bytes.length;
  const end = isWhole ? 0 : findEnd(view);
  if (isWhole || end > bytes.length + 1) return bytes;
  const mended = new Uint8Array(Math.max(end, bytes.length));
  mended.set(bytes);
  new DataView(mended.buffer).setUint32(LENGTH, end - LENGTH_END, true);
  return mended;
}

/** Finds where the last chunk ends. Where it ends with the file, its padding may be missing. */
function findEnd(view: DataView): number {
  let at = CHUNK;
  while (at + 8 <= view.byteLength) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length;
    if (end >= view.byteLength) return end + (length % 2);
    at = end + (length % 2);
  }
  return at;
}
