import { EOI, isFrame, PROGRESSIVE_FRAME, readPair, SOI, SOS, walkSegments } from "./segments.ts";

/** Of a block. */
export const COEFFICIENTS = 64;

export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly across: number;
  readonly down: number;
}

export interface JpegFrame {
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

/** The parts of a progressive image. */
interface JpegScans {
  readonly frame: JpegFrame;
  readonly scans: readonly Scan[];
  /** Position of the marker that ends it. */
  readonly end: number;
}

/** Reads the parts of a progressive image; `undefined` for any other, and for one that is out of the ordinary. */
export function readProgressive(jpeg: Uint8Array): JpegScans | undefined {
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

export function readFrame(jpeg: Uint8Array, at: number): JpegFrame {
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

export function readScan(jpeg: Uint8Array, at: number): Omit<Scan, "start" | "end"> {
  const count = jpeg[at + 4] ?? 0;
  const of = Array.from({ length: count }, (_, index) => jpeg[at + 5 + 2 * index] ?? 0);
  const [first = 0, last = 0, bits = 0] = jpeg.subarray(at + 5 + 2 * count);
  return { of, first, last, before: bits >> 4, after: bits & 15 };
}

/** True if the scans hold all bits of all coefficients, in their order: libjpeg guesses those that are missing. */
export function hasAllScans({ frame, scans }: JpegScans): boolean {
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
