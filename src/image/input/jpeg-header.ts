import { COM, DHT, DQT, DRI, isFrame, MARKER, readPair, SOS } from "./jpeg-markers.ts";
import type { Size } from "../plan/sizes.ts";

/** Real cameras write a dozen or two before the image. */
const MAX_SEGMENTS = 256;

interface JpegHeader extends Size {
  /** As in Exif, from 1 to 8: how it is to be turned. */
  readonly orientation: number;
}

/**
 * The size that a JPEG's frame header claims (ITU-T T.81, B.2.2), as it is stored, and how it lies; `undefined` where
 * the segments before it are not one right after the other. Looks at a few bytes of each, whatever the image.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  let orientation: number | undefined;
  for (const { code, start } of readSegments(bytes)) {
    if (code === APP1) orientation ??= readOrientation(bytes, start);
    if (!isFrame(code)) continue;
    const size = readSize(bytes, start);
    return size && { ...size, orientation: orientation ?? 1 };
  }
  return undefined;
}

/**
 * The size of a JPEG of which there is nothing else to know: its pixels have 8 bits, and it has no Exif, which may say
 * how it lies, and no profile. `undefined` for all others, and where anything is out of the ordinary.
 */
export function readPlainJpegSize(bytes: Uint8Array): Size | undefined {
  let size: Size | undefined;
  for (const { code, start } of readSegments(bytes)) {
    if (code === SOS) return size;
    if (FRAMES.has(code)) {
      if (size || bytes[start + 4] !== 8) return undefined;
      size = readSize(bytes, start);
      if (!size) return undefined;
    } else if (!PLAIN.has(code)) return undefined;
  }
  return undefined;
}

/** Baseline, extended and progressive, with Huffman codes. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);

/** JFIF, Adobe's notes, tables and comments. */
const PLAIN: ReadonlySet<number> = new Set([0xe0, 0xed, 0xee, DQT, DHT, DRI, COM]);

/** Exif, among others. */
const APP1 = 0xe1;

interface Segment {
  readonly code: number;
  readonly start: number;
}

/** Those of the header, up to the first scan, as long as one comes right after the other. */
function* readSegments(bytes: Uint8Array): Generator<Segment> {
  let start = 2; // after SOI
  for (let count = 0; count < MAX_SEGMENTS && bytes[start] === MARKER; count += 1) {
    const code = bytes[start + 1] ?? 0;
    yield { code, start };
    if (code === SOS) return;
    start += 2 + readPair(bytes, start + 2);
  }
}

function readSize(bytes: Uint8Array, frame: number): Size | undefined {
  const [width, height] = [readPair(bytes, frame + 7), readPair(bytes, frame + 5)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

const EXIF = Buffer.from("Exif\0\0");
/** After its marker and its length. */
const EXIF_START = 4;
const ENTRY_BYTES = 12;
const ORIENTATION = 0x01_12;

/** The orientation of an Exif segment (CIPA DC-008, 4.5 and 4.6); `undefined` of any other. */
function readOrientation(bytes: Uint8Array, segment: number): number | undefined {
  const end = segment + 2 + readPair(bytes, segment + 2);
  const content = bytes.subarray(segment + EXIF_START, end);
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
