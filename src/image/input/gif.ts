import type { Size } from "../plan/sizes.ts";

/** An animation of more frames is shown by its first one, so later ones need no look. */
const MAX_FRAMES = 257;

/** Positions in the screen descriptor, and its length with the signature before it (GIF89a, 18). */
const SCREEN_AT = 6;
const SCREEN_FLAGS_AT = 10;
const SCREEN_END = 13;

/** The first bytes of blocks. */
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
/** The label of an extension that says how a frame is drawn. */
const CONTROL = 0xf9;
const IMAGE_HEADER = 10;

/** Ways to dispose of a frame before the next one: clear its area, or restore it as it was. */
const CLEAR = 2;
const RESTORE = 3;

interface Frame extends Size {
  readonly left: number;
  readonly top: number;
  readonly disposal: number;
  /** One of its colours stands for nothing. */
  readonly hasClearColor: boolean;
  /** The position behind it. */
  readonly end: number;
}

/** A GIF with frames that draw nothing among its own. */
export interface ClearedGif {
  readonly bytes: Uint8Array;
  /** Which pages they are. */
  readonly added: ReadonlySet<number>;
}

/**
 * Makes libvips leave clear what no frame covers, and what is cleared between frames, as browsers do. By itself it fills
 * both with a colour, unless there is a frame with a clear one; and it takes common sizes of screens for mistakes. So a
 * frame with a clear colour, which draws nothing, is put before all others, and after each that is to be cleared.
 *
 * @returns `undefined` for a file that needs none, as most do
 */
export function clearCanvas(bytes: Uint8Array): ClearedGif | undefined {
  const { screen, start, frames } = readFrames(bytes, MAX_FRAMES);
  const [first] = frames;
  if (!first) return undefined;
  const parts: Uint8Array[] = [];
  const added = new Set<number>();
  let from = 0;
  const add = (at: number, area: Omit<Frame, "end" | "hasClearColor">): void => {
    added.add(added.size + frames.filter(({ end }) => end <= at).length);
    parts.push(bytes.subarray(from, at), drawNothing(area));
    from = at;
  };
  if (!isCovered(screen, first) || isUndone(first, frames.length)) {
    const width = Math.max(screen.width, first.left + first.width);
    const height = Math.max(screen.height, first.top + first.height);
    add(start, { left: 0, top: 0, width, height, disposal: 0 });
  }
  for (const frame of frames) {
    const isLast = frame.end === bytes.length || bytes[frame.end] === TRAILER;
    if (!isLast && isFilled(frame)) add(frame.end, frame);
  }
  if (added.size === 0) return undefined;
  return { bytes: Buffer.concat([...parts, bytes.subarray(from)]), added };
}

/** True for a first frame that gives way to an empty screen. */
function isUndone({ disposal }: Frame, count: number): boolean {
  return disposal >= RESTORE && count > 1;
}

/** True for a frame that libvips clears with a colour. */
function isFilled({ disposal, hasClearColor }: Frame): boolean {
  return disposal === CLEAR && !hasClearColor;
}

/** True unless there is one whole frame. */
export function hasSeveralFrames(bytes: Uint8Array): boolean {
  return readFrames(bytes, 2).frames.length !== 1;
}

function isCovered({ width, height }: Size, { left, top, ...frame }: Frame): boolean {
  const isInCorner = left === 0 && top === 0;
  return isInCorner && frame.width >= width && frame.height >= height;
}

interface GifFrames {
  readonly screen: Size;
  /** The position behind the colours of all frames. */
  readonly start: number;
  readonly frames: readonly Frame[];
}

/** Finds the first frames of a file, up to where it is broken. */
function readFrames(bytes: Uint8Array, max: number): GifFrames {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < SCREEN_END) return { screen: { width: 0, height: 0 }, start: 0, frames: [] };
  const screen = { width: readShort(view, SCREEN_AT), height: readShort(view, SCREEN_AT + 2) };
  const start = SCREEN_END + countTableBytes(view.getUint8(SCREEN_FLAGS_AT));
  const frames: Frame[] = [];
  let at = start;
  let control = { disposal: 0, hasClearColor: false };
  while (at + IMAGE_HEADER < view.byteLength && frames.length < max) {
    if (view.getUint8(at) === EXTENSION) {
      if (view.getUint8(at + 1) === CONTROL) control = readControl(view.getUint8(at + 3), control);
      at = skipData(view, at + 2);
    } else if (view.getUint8(at) === IMAGE) {
      // one byte before the data is the length of its first code
      const data = at + IMAGE_HEADER + countTableBytes(view.getUint8(at + 9)) + 1;
      const end = skipData(view, data);
      if (end > view.byteLength) break;
      const [left, top] = [readShort(view, at + 1), readShort(view, at + 3)];
      const size = { width: readShort(view, at + 5), height: readShort(view, at + 7) };
      frames.push({ left, top, ...size, ...control, end });
      control = { disposal: 0, hasClearColor: false };
      at = end;
    } else break;
  }
  return { screen, start, frames };
}

/** Of several the last one counts, but a clear colour stays, in libvips. */
function readControl(
  flags: number,
  { hasClearColor }: Pick<Frame, "hasClearColor">,
): Pick<Frame, "disposal" | "hasClearColor"> {
  return { disposal: (flags >> 2) & 7, hasClearColor: hasClearColor || (flags & 1) === 1 };
}

/** Gives the position behind blocks of data, of which an empty one is the last; more than the length if there is none. */
function skipData(view: DataView, start: number): number {
  let at = start;
  while (at < view.byteLength) {
    const length = view.getUint8(at);
    at += length + 1;
    if (length === 0) return at;
  }
  return view.byteLength + 1;
}

function countTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * (2 << (flags & 7)) : 0;
}

function readShort(view: DataView, at: number): number {
  return view.getUint16(at, true);
}

/** A frame whose first colour is clear, and whose data ends after one pixel. */
function drawNothing({ left, top, width, height, disposal }: Omit<Frame, "end" | "hasClearColor">) {
  const area = [left, top, width, height].flatMap((side) => [side & 0xff, side >> 8]);
  const control = [EXTENSION, CONTROL, 4, (disposal << 2) | 1, 0, 0, 0, 0];
  // codes of 3 bits, the first one last: a beginning, one clear pixel, the end
  const codes = 0b101_000_100;
  return Uint8Array.from([...control, IMAGE, ...area, 0, 2, 2, codes & 0xff, codes >> 8, 0]);
}
