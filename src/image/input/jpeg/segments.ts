// Segments of a JPEG and the codes of their markers (ITU-T T.81, table B.1).

/** The first byte of every marker. */
export const MARKER = 0xff;
/** Baseline, extended sequential and progressive, with Huffman codes. */
export const HUFFMAN_FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** Frames whose scans hold all bits of their coefficients: baseline, extended, and arithmetic. */
export const SEQUENTIAL_FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc9]);
export const PROGRESSIVE_FRAME = 0xc2;
/** Define Huffman tables. */
export const DHT = 0xc4;
/** Start of image. */
export const SOI = 0xd8;
/** End of image. */
export const EOI = 0xd9;
/** Start of scan. */
export const SOS = 0xda;
/** Define quantization tables. */
export const DQT = 0xdb;
/** Define restart interval. */
export const DRI = 0xdd;
/** Application segments: JFIF, Exif and Adobe's notes, among others. */
export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP13 = 0xed;
export const APP14 = 0xee;
/** Comment. */
export const COM = 0xfe;
/** For temporary use in arithmetic coding. */
const TEM = 0x01;

export interface Segment {
  readonly code: number;
  /** Position of its marker. */
  readonly start: number;
  /** Position after its content. The data of a scan begins there. */
  readonly end: number;
}

/**
 * Walks the segments of a JPEG, from the one after SOI to EOI (T.81, annex B).
 *
 * @param gaps bytes between two segments: `skip` looks for the next marker, as libjpeg does; `end` ends the walk
 * there, so that its time depends on the number of segments alone. The data of a scan is not a gap.
 */
export function* walkSegments(jpeg: Uint8Array, gaps: "skip" | "end"): Generator<Segment> {
  let end = 2;
  let code = SOI;
  while (code !== EOI) {
    const isSearching = gaps === "skip" || code === SOS;
    const start = isSearching ? findMarker(jpeg, end) : end;
    if (start === undefined || !isMarker(jpeg, start)) return;
    code = jpeg[start + 1] ?? EOI;
    end = start + 2 + (hasLength(code) ? readPair(jpeg, start + 2) : 0);
    yield { code, start, end };
  }
}

function findMarker(jpeg: Uint8Array, from: number): number | undefined {
  let at = jpeg.indexOf(MARKER, from);
  while (at !== -1 && !isMarker(jpeg, at)) at = jpeg.indexOf(MARKER, at + 1);
  return at === -1 ? undefined : at;
}

/** Stuffed bytes, fill bytes and restart markers begin no segment. */
function isMarker(jpeg: Uint8Array, at: number): boolean {
  const code = jpeg[at + 1] ?? 0;
  return jpeg[at] === MARKER && code !== 0 && code !== MARKER && !(code >= 0xd0 && code <= 0xd7);
}

function hasLength(code: number): boolean {
  return code !== TEM && code !== SOI && code !== EOI;
}

/** SOF0 to SOF15, without DHT, JPG and DAC, whose codes are among theirs. */
export function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc;
}

/** An unsigned number of two bytes. */
export function readPair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
