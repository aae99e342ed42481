import { isFrame, MARKER, readPair } from "./jpeg-markers.ts";
import type { Size } from "./sizes.ts";

/** Real cameras write a dozen or two before the frame. */
const MAX_SEGMENTS = 256;

/**
 * The size that a JPEG's frame header claims (ITU-T T.81, B.2.2); `undefined` where the segments before it
 * are not one right after the other. Looks at a few bytes of each, whatever the picture.
 */
export function readJpegSize(bytes: Uint8Array): Size | undefined {
  let at = 2; // after SOI
  for (let count = 0; count < MAX_SEGMENTS && bytes[at] === MARKER; count += 1) {
    const code = bytes[at + 1] ?? 0;
    if (isFrame(code)) return toSize(readPair(bytes, at + 7), readPair(bytes, at + 5));
    at += 2 + readPair(bytes, at + 2);
  }
  return undefined;
}

function toSize(width: number, height: number): Size | undefined {
  return width > 0 && height > 0 ? { width, height } : undefined;
}
