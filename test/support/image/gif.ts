/** A part of a GIF, in the colours black, white, red and green, and how it is to be disposed of. */
export interface GifFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly color: 0 | 1 | 2 | 3;
  /** 1 leaves it, 2 clears it, 3 shows again what was before. */
  readonly disposal: 1 | 2 | 3;
  /** The colour that stands for nothing. */
  readonly clear?: 0 | 1 | 2 | 3 | undefined;
  /** Hundredths of a second; absent: the frame does not say how it is drawn, and so not its disposal either. */
  readonly delay?: number | "absent" | undefined;
}

/**
 * A GIF as encoders write them: each frame is a rectangle of one colour, laid on what is there.
 *
 * @param loop how often it is repeated, 0 for ever; absent: it says nothing of that
 */
export function drawGif(
  width: number,
  height: number,
  frames: readonly GifFrame[],
  loop?: number,
): Buffer {
  const palette = [0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0];
  const header = [...Buffer.from("GIF89a"), ...words(width, height), 0xf1, 0, 0, ...palette];
  const repeated = [0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, ...words(loop ?? 0), 0];
  const extension = loop === undefined ? [] : repeated;
  return Buffer.from([...header, ...extension, ...frames.flatMap(writeFrame), 0x3b]);
}

/** The colours of a screen after each frame, row by row, as browsers show them; `undefined` is clear. */
export function composeGif(
  width: number,
  height: number,
  frames: readonly GifFrame[],
): readonly (readonly (number | undefined)[])[] {
  let screen: readonly (number | undefined)[] = Array.from({ length: width * height });
  return frames.map((frame) => {
    const isInside = (index: number): boolean => {
      const [x, y] = [(index % width) - frame.left, Math.floor(index / width) - frame.top];
      return x >= 0 && x < frame.width && y >= 0 && y < frame.height;
    };
    const before = screen;
    const isDrawn = frame.color !== frame.clear;
    const shown = before.map((old, index) => (isInside(index) && isDrawn ? frame.color : old));
    const cleared = shown.map((old, index) => (isInside(index) ? undefined : old));
    screen = { 1: shown, 2: cleared, 3: before }[frame.disposal];
    return shown;
  });
}

function writeFrame({ left, top, width, height, color, ...frame }: GifFrame): number[] {
  const { disposal, clear, delay = 10 } = frame;
  const flags = (disposal << 2) | (clear === undefined ? 0 : 1);
  const control = delay === "absent" ? [] : [0x21, 0xf9, 4, flags, ...words(delay), clear ?? 0, 0];
  const descriptor = [0x2c, ...words(left, top, width, height), 0];
  return [...control, ...descriptor, 2, ...writePixels(width * height, color), 0];
}

/** LZW whose table is cleared before every pixel, so that all codes have three bits. */
function writePixels(count: number, color: number): number[] {
  const codes = [...Array.from({ length: count }, () => [4, color]).flat(), 5];
  const bits = codes.map((code) =>
    code.toString(2).padStart(3, "0").split("").toReversed().join(""),
  );
  const bytes = (bits.join("").match(/.{1,8}/g) ?? []).map((byte) =>
    Number.parseInt(byte.split("").toReversed().join(""), 2),
  );
  const blocks = Array.from({ length: Math.ceil(bytes.length / 255) }, (_, index) =>
    bytes.slice(index * 255, (index + 1) * 255),
  );
  return blocks.flatMap((block) => [block.length, ...block]);
}

function words(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value & 0xff, value >> 8]);
}
