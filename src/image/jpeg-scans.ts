import { findMarker, readPair } from "./jpeg-markers.ts";

const SOS = 0xda;
const EOI = 0xd9;

/**
 * Counts the scans of a JPEG that libjpeg goes through, by walking its markers (ITU-T T.81, annex B), up to the end
 * of the image or one past `limit`. libjpeg checks no such limit, and no time-out stops it between scans.
 */
export function countJpegScans(bytes: Uint8Array, limit: number): number {
  let scans = 0;
  let components: number | undefined; // of a sequential picture
  let at = 2; // after SOI
  while (at < bytes.length && scans <= limit) {
    const marker = findMarker(bytes, at);
    if (marker === undefined || bytes[marker] === EOI) return scans;
    if (isSequential(bytes[marker])) components ??= bytes[marker + 8];
    if (bytes[marker] === SOS) {
      scans += 1;
      // all of it is in the first scan, and whatever comes after is left alone
      if (scans === 1 && bytes[marker + 3] === components) return 1;
    }
    at = marker + 1 + segmentLength(bytes, marker);
  }
  return scans;
}

/** Baseline and extended, coded by Huffman or arithmetically. */
function isSequential(marker: number | undefined): boolean {
  return marker === 0xc0 || marker === 0xc1 || marker === 0xc9;
}

function segmentLength(bytes: Uint8Array, marker: number): number {
  const isBare = bytes[marker] === 0x01 || bytes[marker] === 0xd8;
  return isBare ? 0 : readPair(bytes, marker + 1);
}
