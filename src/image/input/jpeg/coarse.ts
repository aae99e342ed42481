import {
  DHT,
  DRI,
  EOI,
  isFrame,
  MARKER,
  PROGRESSIVE_FRAME,
  readPair,
  SOI,
  SOS,
  walkSegments,
} from "./segments.ts";

const COEFFICIENTS = 64;

interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly across: number;
  readonly down: number;
}

interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  /** The largest sampling factors. */
  readonly across: number;
  readonly down: number;
}

interface Scan {
  /** Positions of its marker, and of the marker after its data. */
  readonly start: number;
  readonly end: number;
  /** Identifiers of its components. */
  readonly of: readonly number[];
  /** The range of its coefficients. */
  readonly first: number;
  readonly last: number;
  /** Low bits that earlier scans left to this one, 0 when it is the first, and that it leaves to later ones. */
  readonly before: number;
  readonly after: number;
}

interface JpegScans {
  readonly frame: JpegFrame;
  readonly scans: readonly Scan[];
  /** Position of the marker that ends it. */
  readonly end: number;
}

/**
 * Drops the scans of a progressive JPEG that make no difference to a decode at an eighth of its size: libjpeg then uses
 * the mean of each block, and a little more of chroma at half the resolution. These scans take most of the time of
 * decoding. Anything but a complete progressive image is returned as it is.
 *
 * The time depends on the number of scans, which `admitJpeg` limits. Follows ITU-T T.81, annexes B and G, and libjpeg:
 * its choice of a scale for each component (jdmaster.c), and its guesses (jdcoefct.c).
 */
export function dropFineScans(jpeg: Uint8Array): Uint8Array {
  const image = readImage(jpeg);
  if (!image || !isComplete(image)) return jpeg;
  const { frame, scans, end } = image;
  const coarse = frame.components.filter((component) => isCoarse(component, frame));
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { of, first, ...scan } of scans) {
    if (first === 0 || !coarse.some(({ id }) => of.includes(id))) continue;
    parts.push(jpeg.subarray(from, scan.start));
    from = scan.end;
  }
  parts.push(jpeg.subarray(from, end), toSegment(DRI, [0, 0]));
  // without empty scans libjpeg would guess the missing coefficients
  for (const component of coarse) parts.push(writeEmptyScan(component, frame));
  parts.push(Uint8Array.of(MARKER, EOI));
  return Buffer.concat(parts);
}

/** Gives `undefined` for an image that is not progressive, or is out of the ordinary. */
function readImage(jpeg: Uint8Array): JpegScans | undefined {
  let frame: JpegFrame | undefined;
  let scan: Omit<Scan, "end"> | undefined;
  const scans: Scan[] = [];
  for (const { code, start } of walkSegments(jpeg, "end")) {
    if (scan) scans.push({ ...scan, end: start });
    scan = undefined;
    if (code === EOI) return frame && { frame, scans, end: start };
    if (isReserved(code)) return undefined;
    if (isFrame(code)) {
      if (frame || code !== PROGRESSIVE_FRAME) return undefined;
      frame = readFrame(jpeg, start);
    }
    if (code === SOS) scan = { ...readScan(jpeg, start), start };
  }
  return undefined;
}

function isReserved(code: number): boolean {
  return code < 0xc0 || code === SOI;
}

function readFrame(jpeg: Uint8Array, at: number): JpegFrame {
  const components = Array.from({ length: jpeg[at + 9] ?? 0 }, (_, index) => {
    const [id = 0, factors = 0] = jpeg.subarray(at + 10 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15 };
  });
  return {
    width: readPair(jpeg, at + 7),
    height: readPair(jpeg, at + 5),
    components,
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  };
}

function readScan(jpeg: Uint8Array, at: number): Omit<Scan, "start" | "end"> {
  const count = jpeg[at + 4] ?? 0;
  const of = Array.from({ length: count }, (_, index) => jpeg[at + 5 + 2 * index] ?? 0);
  const [first = 0, last = 0, bits = 0] = jpeg.subarray(at + 5 + 2 * count);
  return { of, first, last, before: bits >> 4, after: bits & 15 };
}

/** True if the scans hold all bits of all coefficients, in their order: libjpeg guesses those that are missing. */
function isComplete({ frame, scans }: JpegScans): boolean {
  const { components, height } = frame;
  const ids = new Set(components.map(({ id }) => id));
  if (height === 0 || ids.size === 0 || ids.size < components.length) return false;
  if (!scans.every(isProper)) return false;
  return components.every(({ id, across, down }) => {
    const missing: (number | undefined)[] = Array.from({ length: COEFFICIENTS });
    for (const { of, first, last, before, after } of scans) {
      if (!of.includes(id)) continue;
      if (missing.slice(first, last + 1).some((bits = 0) => bits !== before)) return false;
      missing.fill(after, first, last + 1);
    }
    return across > 0 && down > 0 && missing.every((bits) => bits === 0);
  });
}

/** A scan of means has no other coefficients, and a scan of others has one component. */
function isProper({ of, first, last }: Scan): boolean {
  return first === 0 ? last === 0 : first <= last && last < COEFFICIENTS && of.length === 1;
}

/** False if libjpeg decodes the component at a quarter instead of an eighth, to have it as large as the others. */
function isCoarse({ across, down }: Component, frame: JpegFrame): boolean {
  return frame.across % (2 * across) !== 0 || frame.down % (2 * down) !== 0;
}

/** A run of 2^14 empty blocks. It is all that its table codes: in one bit, and 14 for the number of further blocks. */
const RUN = 0xe0;
const RUN_BLOCKS = 2 ** 14;
const RUN_BITS = 15;

/**
 * Writes a scan that sets all coefficients of a component but the mean to zero. The last run goes on after the end of the
 * image, which libjpeg accepts.
 */
function writeEmptyScan({ id, across, down }: Component, frame: JpegFrame): Uint8Array {
  const columns = Math.ceil((frame.width * across) / (frame.across * 8));
  const rows = Math.ceil((frame.height * down) / (frame.down * 8));
  const runs = Math.ceil((columns * rows) / RUN_BLOCKS);
  const lengths = [1, ...Array.from({ length: 15 }, () => 0)];
  return Buffer.concat([
    toSegment(DHT, [0x10, ...lengths, RUN]), // the first table for coefficients
    toSegment(SOS, [1, id, 0, 1, COEFFICIENTS - 1, 0]),
    new Uint8Array(Math.ceil((runs * RUN_BITS) / 8)),
  ]);
}

function toSegment(code: number, content: readonly number[]): Uint8Array {
  return Uint8Array.of(MARKER, code, 0, content.length + 2, ...content);
}
