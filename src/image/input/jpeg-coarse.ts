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
} from "./jpeg-segments.ts";

const COEFFICIENTS = 64;

interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly across: number;
  readonly down: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  /** The largest sampling factors. */
  readonly across: number;
  readonly down: number;
}

interface Scan {
  /** Of its marker, and of the one after its data. */
  readonly start: number;
  readonly end: number;
  /** Identifiers of components. */
  readonly of: readonly number[];
  /** Which coefficients. */
  readonly first: number;
  readonly last: number;
  /** How many of their low bits were left to this scan, 0 when it is the first, and are left to later ones. */
  readonly before: number;
  readonly after: number;
}

interface Image {
  readonly frame: Frame;
  readonly scans: readonly Scan[];
  /** Of the marker that ends it. */
  readonly end: number;
}

/**
 * A progressive JPEG less the scans that make no difference to whoever has it decoded at an eighth of its size: of a
 * block libjpeg then takes its mean alone, and of chroma at half the resolution a little more. That is most of what
 * such an image takes to decode. What is not a complete progressive image is given back as it is.
 *
 * Takes time by the number of scans, which whoever lets originals in has to bound. Follows ITU-T T.81, annexes B and
 * G, and libjpeg: its choice of a scale for each component (jdmaster.c), and what it guesses at (jdcoefct.c).
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
  // without them libjpeg would guess at what is missing
  for (const component of coarse) parts.push(drawEmptyScan(component, frame));
  parts.push(Uint8Array.of(MARKER, EOI));
  return Buffer.concat(parts);
}

/** `undefined` for what is not progressive, or is out of the ordinary. */
function readImage(jpeg: Uint8Array): Image | undefined {
  let frame: Frame | undefined;
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

function readFrame(jpeg: Uint8Array, at: number): Frame {
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

/** Whether there are all bits of all coefficients, one after the other: libjpeg guesses at what is missing. */
function isComplete({ frame, scans }: Image): boolean {
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

/** Means are in scans without other coefficients, which are those of one component. */
function isProper({ of, first, last }: Scan): boolean {
  return first === 0 ? last === 0 : first <= last && last < COEFFICIENTS && of.length === 1;
}

/** Whether libjpeg decodes it at an eighth as well, and not at a quarter to have it as large as the others. */
function isCoarse({ across, down }: Component, frame: Frame): boolean {
  return frame.across % (2 * across) !== 0 || frame.down % (2 * down) !== 0;
}

/** A run of 2^14 empty blocks, by a table that has nothing else: one bit for it, and 14 for how many more. */
const RUN = 0xe0;
const RUN_BLOCKS = 2 ** 14;
const RUN_BITS = 15;

/**
 * A scan that says of a component that all its coefficients but the mean are zero. The last run goes on after the
 * image's end, which libjpeg does not mind.
 */
function drawEmptyScan({ id, across, down }: Component, frame: Frame): Uint8Array {
  const columns = Math.ceil((frame.width * across) / (frame.across * 8));
  const rows = Math.ceil((frame.height * down) / (frame.down * 8));
  const runs = Math.ceil((columns * rows) / RUN_BLOCKS);
  const lengths = [1, ...Array.from({ length: 15 }, () => 0)];
  return Buffer.concat([
    toSegment(DHT, [0x10, ...lengths, RUN]), // the first one for coefficients
    toSegment(SOS, [1, id, 0, 1, COEFFICIENTS - 1, 0]),
    new Uint8Array(Math.ceil((runs * RUN_BITS) / 8)),
  ]);
}

function toSegment(code: number, content: readonly number[]): Uint8Array {
  return Uint8Array.of(MARKER, code, 0, content.length + 2, ...content);
}
