import type { Sharp } from "sharp";
import sharp from "sharp";
import type { TransformSpec } from "../../transform/spec.ts";
import { dropPngChunks, PNG_DENSITY } from "../input/png.ts";
import type { EncodedImage } from "../output/encoders.ts";
import { encodeImage } from "../output/formats.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";

type PngSpec = TransformSpec & { readonly format: "png" };

/**
 * Mean difference of a level. Drawings of a few colours, whose edges were scaled, have a quarter of it with 256 colours;
 * photographs have twice as much, and show bands.
 */
const MAX_DIFFERENCE = 0.5;

/** Dithering is noise, which makes the file larger. More effort gains nothing. */
const PALETTE = { palette: true, quality: 100, dither: 0, effort: 4, compressionLevel: 9 } as const;

/** Encodes a PNG of an original with a palette: with one as well, where that is smaller and looks the same. */
export async function encodeWithPalette(image: Sharp, spec: PngSpec): Promise<EncodedImage> {
  const pixels = await toPixels(image);
  const plain = await encodeImage(fromPixels(pixels), spec);
  const png = await fromPixels(pixels)
    .png({ ...PALETTE, progressive: spec.progressive === true })
    .toBuffer();
  if (png.length >= plain.bytes.length) return plain;
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const difference = measureDifference(pixels, { data, channels: info.channels });
  if (difference > MAX_DIFFERENCE) return plain;
  return { ...plain, bytes: dropPngChunks(png, PNG_DENSITY) };
}

interface Levels {
  readonly data: Uint8Array;
  readonly channels: number;
}

/** The mean difference of a channel of colour, by as much as it shows. Missing alpha is opaque. */
function measureDifference(one: Levels, other: Levels): number {
  let sum = 0;
  const count = one.data.length / one.channels;
  for (let pixel = 0; pixel < count; pixel += 1) {
    const [a, b] = [readAlpha(one, pixel), readAlpha(other, pixel)];
    for (let channel = 0; channel < 3; channel += 1) {
      const level = one.data[pixel * one.channels + channel] ?? 0;
      const found = other.data[pixel * other.channels + channel] ?? 0;
      sum += Math.abs(level * a - found * b) + Math.abs(a - b) * 255;
    }
  }
  return sum / (count * 3);
}

function readAlpha({ data, channels }: Levels, pixel: number): number {
  return channels === 4 ? (data[pixel * 4 + 3] ?? 0) / 255 : 1;
}
