import type { ColorSpace, Transfer } from "./color-space.ts";
import { isCurve } from "./color-space.ts";
import type { Vector } from "./matrix.ts";
import { multiplyBy } from "./matrix.ts";

/** Candela per square metre of the white of a page (ITU-R BT.2408). */
const PAGE_WHITE = 203;
const DEFAULT_PEAK = 1000;
const HLG_PEAK = 1000;
const PQ_PEAK = 10_000;

/**
 * Gives the light that a level from 0 to 1 stands for: relative to white, or for PQ to the white of a page; for HLG that of
 * a scene (BT.2100, tables 4 and 5).
 */
export function readLight(level: number, transfer: Transfer): number {
  if (transfer === "pq") return readPq(level);
  if (transfer === "hlg") return readHlg(level);
  const { exponent, a, b, c, d } = transfer;
  return level < d ? c * level : Math.max(a * level + b, 0) ** exponent;
}

/** Gives the light of a colour as an ordinary screen shows it, whose white is 1. Primaries are those of BT.2020. */
export function showLight(color: Vector, { transfer, peak = DEFAULT_PEAK }: ColorSpace): Vector {
  if (isCurve(transfer)) return color;
  const light = transfer === "hlg" ? raiseContrast(color) : color;
  if (peak <= PAGE_WHITE) return clip(light);
  const brightest = Math.max(...light);
  return brightest > 0 ? multiplyBy(light, dim(brightest, peak) / brightest) : [0, 0, 0];
}

function clip([red, green, blue]: Vector): Vector {
  return [Math.min(red, 1), Math.min(green, 1), Math.min(blue, 1)];
}

/** Lists the levels of sRGB that levels of grey come to. Its `levels` are equal steps of light from black to white. */
export function listGrayLevels(space: ColorSpace, levels: 256 | 65_536): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: levels }, (_, level) => {
    const read = readLight(level / (levels - 1), space.transfer);
    const [light] = showLight([read, read, read], space);
    return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
  });
}

/**
 * The white of a page is dimmed, by half where the peak is 1000. All below keeps its proportions, and all above runs along
 * a parabola from there to the peak. Browsers map tones like that (the reference white operator of SMPTE ST 2094-50).
 */
function dim(light: number, peak: number): number {
  const top = Math.min(peak, PQ_PEAK) / PAGE_WHITE;
  const white = 1 - Math.min(Math.log(top) / Math.log(DEFAULT_PEAK / PAGE_WHITE), 1) / 2;
  if (light <= 1) return light * white;
  if (light >= top) return 1;
  const half = (1 / white - 1) * BEND;
  const square = top - 1 - 2 * half;
  const along = (Math.sqrt(half ** 2 + square * (light - 1)) - half) / square;
  const control = white + (1 - white) * BEND;
  return (1 - along) ** 2 * white + 2 * along * (1 - along) * control + along ** 2;
}

/** Where the parabola bends: from the white of a page, 0, to where its tangent would reach the brightest light, 1. */
const BEND = 0.65;

function readPq(level: number): number {
  const root = level ** (32 / 2523);
  const base = Math.max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root);
  return (base ** (16_384 / 2610) * PQ_PEAK) / PAGE_WHITE;
}

function readHlg(level: number): number {
  if (level <= 0.5) return level ** 2 / 3;
  return (Math.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

/** A screen of the peak of HLG multiplies the light of a scene by its luminance to the power of 0.2. */
function raiseContrast([red, green, blue]: Vector): Vector {
  const luminance = 0.2627 * red + 0.678 * green + 0.0593 * blue;
  return multiplyBy([red, green, blue], (Math.max(luminance, 0) ** 0.2 * HLG_PEAK) / PAGE_WHITE);
}
