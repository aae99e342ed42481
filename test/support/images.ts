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

/** A picture that encoders cannot make small: smooth shapes and grain. */
export async function drawPhoto(width: number, height: number): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const grain = await sharp({ create: { width, height, channels: 3, background: "#888", noise } })
    .png()
    .toBuffer();
  return drawQuadrants(width, height)
    .blur(Math.max(1, width / 40))
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** The colour at fractions (0 to 1) of the width and height. */
  at(x: number, y: number): Rgba;
}

/** Decodes a picture for probing. */
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
