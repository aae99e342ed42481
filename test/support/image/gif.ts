/** A part of a GIF, in the colours black, white, red and green, and how it is to be disposed of. */
export interface GifFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly color: 0 | 1 | 2 | 3;
  /** 1 leaves it, 2 clears it, 3 shows again what was before. */
  readonly disposal: 1 | 2 | 3;
}

/** A GIF as encoders write them: each frame is a rectangle of one colour, laid on what is there. */
export function drawGif(width: number, height: number, frames: readonly GifFrame[]): Buffer {
  const palette = [0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0];
  const header = [...Buffer.from("GIF89a"), ...words(width, height), 0xf1, 0, 0, ...palette];
  return Buffer.from([...header, ...frames.flatMap(writeFrame), 0x3b]);
}

function writeFrame({ left, top, width, height, color, disposal }: GifFrame): number[] {
  const control = [0x21, 0xf9, 4, disposal << 2, ...words(10), 0, 0];
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
