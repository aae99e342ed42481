import { noteGarbage } from "../sharp/memory-pressure.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";

// These change the colours of single pixels, in place. Alpha stays as it is.

/** Moves levels away from middle grey, or towards it when the factor is below 1. */
export function addContrast(pixels: Pixels, factor: number): Pixels {
  return mapLevels(pixels, (level) => (level - 128) * factor + 128);
}

/** Brightens middle tones when the exponent is above 1; black and white stay. */
export function correctGamma(pixels: Pixels, exponent: number): Pixels {
  return mapLevels(pixels, (level) => 255 * (level / 255) ** (1 / exponent));
}

export function negate(pixels: Pixels): Pixels {
  return mapLevels(pixels, (level) => 255 - level);
}

function mapLevels(pixels: Pixels, map: (level: number) => number): Pixels {
  const levels = Uint8ClampedArray.from({ length: 256 }, (_, level) => map(level));
  const { data, channels } = pixels;
  for (let at = 0; at < data.length; at += channels) {
    data[at] = levels[data[at] ?? 0] ?? 0;
    data[at + 1] = levels[data[at + 1] ?? 0] ?? 0;
    data[at + 2] = levels[data[at + 2] ?? 0] ?? 0;
  }
  return pixels;
}

/**
 * Makes colours the grey of the same luminance. sharp gives grey as one channel, without alpha, and sooner if it need
 * not carry alpha along.
 */
export async function grayOut(pixels: Pixels): Promise<Pixels> {
  const { data, channels } = pixels;
  const opaque = channels === 3 ? pixels : await toPixels(fromPixels(pixels).removeAlpha());
  const grays = await fromPixels(opaque).toColourspace("b-w").raw().toBuffer();
  noteGarbage(grays.length);
  for (let pixel = 0, at = 0; pixel < grays.length; pixel += 1, at += channels) {
    const gray = grays[pixel] ?? 0;
    data[at] = gray;
    data[at + 1] = gray;
    data[at + 2] = gray;
  }
  return pixels;
}
