import { MediaError } from "../../../errors.ts";
import type { Size } from "../../plan/sizes.ts";
import type { Segment } from "./segments.ts";
import {
  APP0,
  APP1,
  APP13,
  APP14,
  COM,
  DHT,
  DQT,
  DRI,
  HUFFMAN_FRAMES,
  isFrame,
  readPair,
  SEQUENTIAL_FRAMES,
  SOS,
  walkSegments,
} from "./segments.ts";

/** libjpeg passes over all pixels for each scan. Of over 2,000 real JPEGs none had more than 20. */
const MAX_SCANS = 64;

/** @throws MediaError `unusable_original` for a JPEG of too many scans */
export function admitJpeg(bytes: Uint8Array): Uint8Array {
  if (countJpegScans(bytes, MAX_SCANS) <= MAX_SCANS) return bytes;
  throw new MediaError("unusable_original", `a JPEG original must have at most ${MAX_SCANS} scans`);
}

/**
 * Counts the scans of a JPEG that libjpeg decodes, and stops one past `limit`. libjpeg has no such limit, and no
 * time-out stops it between scans.
 */
export function countJpegScans(bytes: Uint8Array, limit: number): number {
  let scans = 0;
  let components: number | undefined; // of a sequential image
  for (const { code, start } of walkSegments(bytes, "skip")) {
    if (SEQUENTIAL_FRAMES.has(code)) components ??= bytes[start + 9];
    if (code !== SOS) continue;
    scans += 1;
    // libjpeg ends after that scan (`has_multiple_scans` in jdinput.c), and libvips reads no further
    if (scans === 1 && bytes[start + 4] === components) return 1;
    if (scans > limit) return scans;
  }
  return scans;
}

/** Real cameras write a dozen or two before the image. */
const MAX_HEADER_SEGMENTS = 256;

export interface JpegHeader extends Size {
  /** As in Exif, from 1 to 8: how the image has to be turned to be upright. */
  readonly orientation: number;
  /**
   * The size is all there is to know: channels have 8 bits, and there is no Exif, no profile, and nothing else that
   * libvips would report.
   */
  readonly isPlain: boolean;
  /** All of the image is in one scan, which is decoded row by row. libjpeg keeps the coefficients of several. */
  readonly isStreamed: boolean;
}

/**
 * Reads the size that the frame header of a JPEG claims (ITU-T T.81, B.2.2), as the image is stored; `undefined` where
 * there are gaps between the segments before it. Looks at a few bytes of each segment, whatever the image.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const segments = listHeaderSegments(bytes);
  const frame = segments.find(({ code }) => isFrame(code));
  const size = frame && readFrameSize(bytes, frame.start);
  if (!frame || !size) return undefined;
  const scan = segments.at(-1);
  const isComplete = scan?.code === SOS;
  const others = segments.filter((segment) => segment !== frame);
  return {
    ...size,
    orientation: findOrientation(bytes, segments.slice(0, segments.indexOf(frame))) ?? 1,
    isStreamed:
      isComplete &&
      SEQUENTIAL_FRAMES.has(frame.code) &&
      bytes[scan.start + 4] === bytes[frame.start + 9],
    isPlain:
      isComplete &&
      isPlainFrame(bytes, frame.start) &&
      others.every(({ code }) => PLAIN_SEGMENTS.has(code)),
  };
}

/** Those up to the first scan, included. */
function listHeaderSegments(bytes: Uint8Array): readonly Segment[] {
  const segments: Segment[] = [];
  for (const segment of walkSegments(bytes, "end")) {
    segments.push(segment);
    if (segment.code === SOS || segments.length === MAX_HEADER_SEGMENTS) break;
  }
  return segments;
}

/** JFIF, Adobe's notes, tables, comments, and the first scan. */
const PLAIN_SEGMENTS: ReadonlySet<number> = new Set([APP0, APP13, APP14, DQT, DHT, DRI, COM, SOS]);

function isPlainFrame(bytes: Uint8Array, frame: number): boolean {
  return HUFFMAN_FRAMES.has(bytes[frame + 1] ?? 0) && bytes[frame + 4] === 8;
}

function readFrameSize(bytes: Uint8Array, frame: number): Size | undefined {
  const [width, height] = [readPair(bytes, frame + 7), readPair(bytes, frame + 5)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/**
 * Raises the size that a JPEG claims to the next multiple of a factor of its blocks (T.81, A.2.4): 2, 4 or 8. There are
 * pixels up to there, which most encoders repeat from the edge. `undefined` for a size or sampling out of the ordinary.
 */
export function fillJpegBlocks(bytes: Uint8Array, factor: number): Uint8Array | undefined {
  for (const { code, start } of walkSegments(bytes, "skip")) {
    if (!isFrame(code)) continue;
    const size = readFrameSize(bytes, start);
    if (!size || !hasWholeSampling(bytes, start)) return undefined;
    const [width, height] = [size.width, size.height].map((side) => roundUp(side, factor));
    if (!width || !height || Math.max(width, height) > MAX_JPEG_SIDE) return undefined;
    const filled = Buffer.from(bytes);
    filled.writeUInt16BE(height, start + 5);
    filled.writeUInt16BE(width, start + 7);
    return filled;
  }
  return undefined;
}

/** libjpeg refuses larger ones. */
const MAX_JPEG_SIDE = 65_500;

function roundUp(side: number, factor: number): number {
  return Math.ceil(side / factor) * factor;
}

/** True if the largest sampling factors are multiples of all others. Then more pixels do not mean more blocks. */
function hasWholeSampling(bytes: Uint8Array, frame: number): boolean {
  const factors = Array.from(
    { length: bytes[frame + 9] ?? 0 },
    (_, index) => bytes[frame + 11 + 3 * index] ?? 0,
  );
  return [4, 0].every((shift) => {
    const values = factors.map((factor) => (factor >> shift) & 15);
    const most = Math.max(...values);
    return values.every((value) => value > 0 && most % value === 0);
  });
}

function findOrientation(bytes: Uint8Array, segments: readonly Segment[]): number | undefined {
  for (const { code, start, end } of segments) {
    const found = code === APP1 ? readOrientation(bytes.subarray(start, end)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const EXIF = Buffer.from("Exif\0\0");
/** Bytes of a marker and its length. */
const SEGMENT_HEADER_BYTES = 4;
const ENTRY_BYTES = 12;
const ORIENTATION = 0x01_12;

/** Reads the orientation of an Exif segment (CIPA DC-008, 4.5 and 4.6); `undefined` for any other segment. */
function readOrientation(segment: Uint8Array): number | undefined {
  const content = segment.subarray(SEGMENT_HEADER_BYTES);
  if (!EXIF.equals(content.subarray(0, EXIF.length))) return undefined;
  const tiff = content.subarray(EXIF.length);
  const isLittle = tiff[0] === 0x49;
  const pair = (at: number): number => {
    const [first = 0, second = 0] = tiff.subarray(at, at + 2);
    return isLittle ? second * 256 + first : first * 256 + second;
  };
  const directory = isLittle ? pair(4) + 65_536 * pair(6) : pair(6) + 65_536 * pair(4);
  const count = Math.min(pair(directory), Math.ceil(tiff.length / ENTRY_BYTES));
  for (let entry = 0; entry < count; entry += 1) {
    const at = directory + 2 + entry * ENTRY_BYTES;
    if (pair(at) !== ORIENTATION) continue;
    const orientation = pair(at + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return undefined;
}
