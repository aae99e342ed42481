import type { Pixels } from "../sharp/pixels.ts";

// Colours of single pixels, changed in place; alpha stays as it is.

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

/** The steps in which luminance is told apart; with less, dark greys would fall together. */
const LUMINANCES = 8192;

/** To the grey of the same luminance, which is a sum of light and not of levels (IEC 61966-2-1). */
export function grayOut(pixels: Pixels): Pixels {
  const light = Float64Array.from({ length: 256 }, (_, level) => toLight(level / 255) * LUMINANCES);
  const grays = Uint8ClampedArray.from(
    { length: LUMINANCES + 1 },
    (_, luminance) => 255 * fromLight(luminance / LUMINANCES),
  );
  const { data, channels } = pixels;
  for (let at = 0; at < data.length; at += channels) {
    const red = 0.2126 * (light[data[at] ?? 0] ?? 0);
    const green = 0.7152 * (light[data[at + 1] ?? 0] ?? 0);
    const blue = 0.0722 * (light[data[at + 2] ?? 0] ?? 0);
    const gray = grays[Math.round(red + green + blue)] ?? 0;
    data[at] = gray;
    data[at + 1] = gray;
    data[at + 2] = gray;
  }
  return pixels;
}

function toLight(level: number): number {
  return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
}

function fromLight(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}
