import { findMarker, isFrame, readPair } from "./jpeg-markers.ts";

const MARKER = 0xff;
const PROGRESSIVE = 0xc2;
const SOS = 0xda;
const EOI = 0xd9;
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
}

interface Scan {
  /** Of its marker, and of the one after its data. */
  readonly start: number;
  readonly end: number;
  /** Identifiers of components. */
  readonly of: readonly number[];
  /** Which coefficients, and how many of their low bits are left to later scans. */
  readonly first: number;
  readonly last: number;
  readonly lowBits: number;
}

interface Picture {
  readonly frame: Frame;
  readonly scans: readonly Scan[];
  /** Of the marker that ends it. */
  readonly end: number;
}

/**
 * A progressive JPEG less the scans that make no difference to whoever has it decoded at an eighth of its size: of a
 * block libjpeg then takes its mean alone, and of chroma at half the resolution a little more. That is most of what
 * such a picture takes to decode. What is not a complete progressive picture is given back as it is.
 *
 * Follows ITU-T T.81, annexes B and G, and libjpeg's choice of a scale for each component (jdmaster.c).
 */
export function dropFineScans(jpeg: Uint8Array): Uint8Array {
  const picture = readPicture(jpeg);
  if (!picture || !isComplete(picture)) return jpeg;
  const { frame, scans, end } = picture;
  const coarse = frame.components.filter((component) => isCoarse(component, frame));
  const isFine = ({ of, first }: Scan): boolean =>
    first > 0 && coarse.some(({ id }) => of.includes(id));
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const scan of scans.filter(isFine)) {
    parts.push(jpeg.subarray(from, scan.start));
    from = scan.end;
  }
  parts.push(jpeg.subarray(from, end), NO_RESTARTS);
  // without them libjpeg would guess at what is missing
  for (const component of coarse) parts.push(drawEmptyScan(component, frame));
  parts.push(Uint8Array.of(MARKER, EOI));
  return Buffer.concat(parts);
}

/** `undefined` for what is not progressive, or where anything is out of the ordinary. */
function readPicture(jpeg: Uint8Array): Picture | undefined {
  let frame: Frame | undefined;
  const scans: Scan[] = [];
  for (const { code, start, end } of readSegments(jpeg)) {
    if (code === EOI) return frame && { frame, scans, end: start };
    if (isFrame(code)) {
      if (frame || code !== PROGRESSIVE) return undefined;
      frame = readFrame(jpeg, start);
    }
    if (code === SOS) scans.push({ ...readScan(jpeg, start), start, end });
  }
  return undefined;
}

interface Segment {
  readonly code: number;
  readonly start: number;
  /** Of a scan, that of its data. */
  readonly end: number;
}

/** As long as one comes right after the other. */
function* readSegments(jpeg: Uint8Array): Generator<Segment> {
  let start = 2; // after SOI
  while (jpeg[start] === MARKER) {
    const code = jpeg[start + 1] ?? 0;
    if (!hasLength(code)) return;
    const header = start + 2 + readPair(jpeg, start + 2);
    const end = code === SOS ? (findMarker(jpeg, header) ?? 0) - 1 : header;
    yield { code, start, end };
    start = end;
  }
}

/** The end of the image has none either, but nobody reads on after it. */
function hasLength(code: number): boolean {
  return code >= 0xc0 && code !== MARKER && !(code >= 0xd0 && code <= 0xd8);
}

function readFrame(jpeg: Uint8Array, at: number): Frame {
  const components = Array.from({ length: jpeg[at + 9] ?? 0 }, (_, index) => {
    const [id = 0, factors = 0] = jpeg.subarray(at + 10 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15 };
  });
  return { width: readPair(jpeg, at + 7), height: readPair(jpeg, at + 5), components };
}

function readScan(jpeg: Uint8Array, at: number): Omit<Scan, "start" | "end"> {
  const count = jpeg[at + 4] ?? 0;
  const of = Array.from({ length: count }, (_, index) => jpeg[at + 5 + 2 * index] ?? 0);
  const [first = 0, last = 0, bits = 0] = jpeg.subarray(at + 5 + 2 * count);
  return { of, first, last, lowBits: bits & 15 };
}

/** Whether all bits of all coefficients are there: libjpeg guesses at others, by what it has of their neighbours. */
function isComplete({ frame: { components, height }, scans }: Picture): boolean {
  return (
    height > 0 &&
    components.length > 0 &&
    components.every(({ id, across, down }) => {
      const missing = Array.from({ length: COEFFICIENTS }, () => Infinity);
      for (const { of, first, last, lowBits } of scans) {
        if (of.includes(id)) missing.fill(lowBits, first, last + 1);
      }
      return across > 0 && down > 0 && missing.every((bits) => bits === 0);
    })
  );
}

/** Whether libjpeg decodes it at an eighth as well, and not at a quarter to have it as large as the others. */
function isCoarse({ across, down }: Component, { components }: Frame): boolean {
  const mostAcross = Math.max(...components.map((one) => one.across));
  const mostDown = Math.max(...components.map((one) => one.down));
  return mostAcross % (2 * across) !== 0 || mostDown % (2 * down) !== 0;
}

/** An interval of zero: what follows is not interrupted. */
const NO_RESTARTS = Uint8Array.of(MARKER, 0xdd, 0, 4, 0, 0);

/** In how many bits a run of empty blocks is told, less one; each is a symbol of four bits. */
const RUN_BITS = Array.from({ length: 15 }, (_, bits) => bits);
const SYMBOL_BITS = 4;
/** The most blocks that one run can have. */
const MAX_RUN = 2 ** RUN_BITS.length - 1;

/** A scan that says of a component that all its coefficients but the mean are zero. */
function drawEmptyScan({ id, across, down }: Component, frame: Frame): Uint8Array {
  const { width, height, components } = frame;
  const mostAcross = Math.max(...components.map((one) => one.across));
  const mostDown = Math.max(...components.map((one) => one.down));
  const columns = Math.ceil((width * across) / (mostAcross * 8));
  const rows = Math.ceil((height * down) / (mostDown * 8));
  let code = "";
  for (let left = columns * rows; left > 0;) {
    const run = Math.min(left, MAX_RUN);
    const digits = run.toString(2).slice(1); // the first one goes without saying
    code += digits.length.toString(2).padStart(SYMBOL_BITS, "0") + digits;
    left -= run;
  }
  const bytes = (code.match(/.{1,8}/g) ?? []).map((bits) =>
    Number.parseInt(bits.padEnd(8, "1"), 2),
  );
  const stuffed = bytes.flatMap((byte) => (byte === MARKER ? [byte, 0] : [byte]));
  const lengths = Array.from({ length: 16 }, (_, index) =>
    index + 1 === SYMBOL_BITS ? RUN_BITS.length : 0,
  );
  const symbols = RUN_BITS.map((bits) => bits << 4);
  const table = [0x10, ...lengths, ...symbols]; // the first one for coefficients
  const header = [1, id, 0, 1, COEFFICIENTS - 1, 0];
  return Uint8Array.of(...segment(0xc4, table), ...segment(SOS, header), ...stuffed);
}

function segment(code: number, content: readonly number[]): readonly number[] {
  const length = content.length + 2;
  return [MARKER, code, length >> 8, length & 255, ...content];
}
