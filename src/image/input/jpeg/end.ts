import { hasAllScans, readFrame, readProgressive, readScan } from "./scans.ts";
import type { Segment } from "./segments.ts";
import {
  EOI,
  HUFFMAN_FRAMES,
  isFrame,
  MARKER,
  PROGRESSIVE_FRAME,
  SOS,
  walkSegments,
} from "./segments.ts";

/** A JPEG that ended without its end marker, and that has one now. */
export interface ClosedJpeg {
  readonly bytes: Uint8Array;
  /** All scans have begun. Blocks of the last one may still be missing. */
  readonly hasScans: boolean;
}

/** More than are admitted. */
const MAX_SCANS = 100;

/**
 * Gives a JPEG the end marker that it lacks; `undefined` where it has one. The last two bytes tell that of almost all. After
 * the marker there may be anything: zeros, a film, another image.
 */
export function closeJpeg(jpeg: Uint8Array): ClosedJpeg | undefined {
  if (jpeg.at(-2) === MARKER && jpeg.at(-1) === EOI) return undefined;
  let frame: Segment | undefined;
  const scans: Segment[] = [];
  for (const segment of walkSegments(jpeg, "skip")) {
    if (segment.code === EOI) return undefined;
    if (isFrame(segment.code)) frame ??= segment;
    if (segment.code === SOS) scans.push(segment);
    if (scans.length > MAX_SCANS) break;
  }
  const bytes = Buffer.concat([jpeg, Uint8Array.of(MARKER, EOI)]);
  return { bytes, hasScans: frame !== undefined && checkScans(bytes, frame, scans) };
}

function checkScans(jpeg: Buffer, frame: Segment, scans: readonly Segment[]): boolean {
  if (frame.code === PROGRESSIVE_FRAME) {
    const image = readProgressive(jpeg);
    return image !== undefined && hasAllScans(image);
  }
  for (const { start, end } of scans) writeParameters(jpeg.subarray(start, end));
  const found = new Set(scans.flatMap(({ start }) => readScan(jpeg, start).of));
  const { components } = readFrame(jpeg, frame.start);
  // of an image that is coded arithmetically libjpeg does not tell where it ends
  return HUFFMAN_FRAMES.has(frame.code) && components.every(({ id }) => found.has(id));
}

/** The range of coefficients, which is all of them in a sequential scan. Of the numbers of some phones libjpeg warns. */
const PARAMETERS = [0, 63, 0] as const;

function writeParameters(scan: Buffer): void {
  if (scan.length > PARAMETERS.length) scan.set(PARAMETERS, scan.length - PARAMETERS.length);
}
