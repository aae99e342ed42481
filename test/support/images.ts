import type { Sharp } from "sharp";
import sharp from "sharp";

/** A colour as it comes out of `readPixel`. */
export type Rgba = readonly [r: number, g: number, b: number, alpha: number];

export const RED: Rgba = [255, 0, 0, 255];
export const GREEN: Rgba = [0, 255, 0, 255];
export const BLUE: Rgba = [0, 0, 255, 255];
export const YELLOW: Rgba = [255, 255, 0, 255];
export const WHITE: Rgba = [255, 255, 255, 255];

/** Four quadrants: red and green above, blue and yellow below. */
export function drawQuadrants(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const above = x < width / 2 ? RED : GREEN;
      const below = x < width / 2 ? BLUE : YELLOW;
      data.set((y < height / 2 ? above : below).slice(0, 3), (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** An image that encoders cannot make small: smooth shapes and grain. */
export async function drawPhoto(width: number, height: number): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 200, sigma: 40 } as const;
  const grain = await sharp({ create: { width, height, channels: 3, background: "#888", noise } })
    .png()
    .toBuffer();
  return drawQuadrants(width, height)
    .blur(4)
    .composite([{ input: grain, blend: "multiply" }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** The colour at fractions (0 to 1) of the width and height. */
  at(x: number, y: number): Rgba;
}

/** Decodes an image for probing. */
export async function decode(bytes: Uint8Array): Promise<Decoded> {
  const { data, info } = await sharp(bytes)
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return {
    width,
    height,
    at: (x, y) => {
      const column = Math.min(width - 1, Math.floor(x * width));
      const row = Math.min(height - 1, Math.floor(y * height));
      const [r = 0, g = 0, b = 0, alpha = 0] = data.subarray((row * width + column) * 4);
      return [r, g, b, alpha];
    },
  };
}

/** The largest difference in any channel. */
export function distance(a: Rgba, b: Rgba): number {
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? 0))));
}

/** The colours that grids are drawn and read in. */
const LETTERS: Readonly<Record<string, Rgba>> = {
  R: RED,
  G: GREEN,
  B: BLUE,
  Y: YELLOW,
  W: WHITE,
  C: [0, 255, 255, 255],
  K: [0, 0, 0, 255],
};

/** An image of equal cells; `RG/BY` is what `drawQuadrants` draws. */
export function drawGrid(text: string, width: number, height: number): Sharp {
  const rows = text.split("/").map((row) => row.split(""));
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    const row = rows[Math.floor((y * rows.length) / height)] ?? [];
    for (let x = 0; x < width; x += 1) {
      const letter = row[Math.floor((x * row.length) / width)] ?? "";
      data.set(LETTERS[letter] ?? [0, 0, 0, 0], (y * width + x) * 4);
    }
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}

/**
 * The letters of an image's cells, probed in their middle or, for images of four quadrants in each
 * cell, a quarter into it. `.` is transparent, `?` none of the colours.
 */
export function readGrid(
  image: Decoded,
  { columns = 2, rows = 2, probe = 0.5 }: { columns?: number; rows?: number; probe?: number } = {},
): string {
  const cells = (length: number): number[] => Array.from({ length }, (_, index) => index + probe);
  return cells(rows)
    .map((y) =>
      cells(columns)
        .map((x) => nameColor(image.at(x / columns, y / rows)))
        .join(""),
    )
    .join("/");
}

function nameColor(color: Rgba): string {
  if (color[3] < 10) return ".";
  const found = Object.entries(LETTERS).find(([, known]) => distance(known, color) < 40);
  return found ? found[0] : "?";
}

/** An animation of grids that are shown one after the other. */
export async function drawAnimation(
  texts: readonly string[],
  options: {
    width: number;
    height: number;
    delay?: number[];
    loop?: number;
    format?: "gif" | "webp";
  },
): Promise<Buffer> {
  const { width, height, format = "gif", delay = texts.map(() => 100), loop = 0 } = options;
  const frames = texts.map((text) => drawGrid(text, width, height).png().toBuffer());
  const strip = sharp(await Promise.all(frames), { join: { animated: true } });
  const timing = { delay, loop };
  return (
    format === "gif" ? strip.gif(timing) : strip.webp({ ...timing, lossless: true })
  ).toBuffer();
}

/** Decodes all frames of an image for probing. */
export async function decodeFrames(bytes: Uint8Array): Promise<readonly Decoded[]> {
  const { pages = 1 } = await sharp(bytes).metadata();
  const frames = Array.from({ length: pages }, async (_, page) =>
    decode(await sharp(bytes, { page }).png().toBuffer()),
  );
  return Promise.all(frames);
}

/** A PNG that does not compress. */
export function drawNoise(width: number, height: number): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  return sharp({ create: { width, height, channels: 3, background: "black", noise } })
    .png()
    .toBuffer();
}
