import { EOI, findMarker, readPair, SEQUENTIAL_FRAMES, SOS } from "./jpeg-markers.ts";

/**
 * Counts the scans of a JPEG that libjpeg goes through, by walking its markers (ITU-T T.81, annex B), up to the end
 * of the image or one past `limit`. libjpeg checks no such limit, and no time-out stops it between scans.
 */
export function countJpegScans(bytes: Uint8Array, limit: number): number {
  let scans = 0;
  let components: number | undefined; // of a sequential image
  let at = 2; // after SOI
  while (scans <= limit) {
    const marker = findMarker(bytes, at) ?? bytes.length;
    const code = bytes[marker] ?? EOI;
    if (code === EOI) return scans;
    if (SEQUENTIAL_FRAMES.has(code)) components ??= bytes[marker + 8];
    if (code === SOS) {
      scans += 1;
      // libjpeg is done with it after that scan (`has_multiple_scans` in jdinput.c), and libvips has it read no further
      if (scans === 1 && bytes[marker + 3] === components) return 1;
    }
    at = marker + 1 + segmentLength(bytes, marker);
  }
  return scans;
}

function segmentLength(bytes: Uint8Array, marker: number): number {
  const isBare = bytes[marker] === 0x01 || bytes[marker] === 0xd8;
  return isBare ? 0 : readPair(bytes, marker + 1);
}
