import type { Transfer } from "./color-space.ts";
import type { Vector } from "./matrix.ts";
import { multiplyBy } from "./matrix.ts";

// Light of high dynamic range on a screen that has none. All light is relative to the white of a page.

/** Candela per square metre of the white of a page (ITU-R BT.2408). */
const PAGE_WHITE = 203;
/** The same of the brightest light that keeps its detail, which is also the peak of HLG. */
const PEAK = 1000;
const PQ_PEAK = 10_000;

export type HighRange = "pq" | "hlg";

/** Gives the light that a level from 0 to 1 stands for: of a screen for PQ, of a scene for HLG (BT.2100, tables 4, 5). */
export function readLevel(level: number, transfer: HighRange): number {
  return transfer === "pq" ? readPq(level) : readHlg(level);
}

/** Gives the light of a colour as a screen shows it whose brightest light is 1. Red, green and blue are of BT.2020. */
export function showLight(color: Vector, transfer: HighRange): Vector {
  const light = transfer === "hlg" ? raiseContrast(color) : color;
  const brightest = Math.max(...light);
  return brightest > 0 ? multiplyBy(light, dim(brightest) / brightest) : [0, 0, 0];
}

/**
 * The white of a page comes to half of the light of a screen. All below keeps its proportions, and all above runs along
 * a parabola from there to the peak. Browsers map tones like that (the reference white operator of SMPTE ST 2094-50).
 */
function dim(light: number): number {
  const peak = PEAK / PAGE_WHITE;
  if (light <= 1) return light / 2;
  if (light >= peak) return 1;
  const bend = 1 + (1 / DIMMED - 1) * BEND;
  const square = peak - 2 * bend + 1;
  const half = bend - 1;
  const along = (Math.sqrt(half ** 2 + square * (light - 1)) - half) / square;
  const control = DIMMED + (1 - DIMMED) * BEND;
  return (1 - along) ** 2 * DIMMED + 2 * along * (1 - along) * control + along ** 2;
}

const DIMMED = 0.5;
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
  return multiplyBy([red, green, blue], (Math.max(luminance, 0) ** 0.2 * PEAK) / PAGE_WHITE);
}

export function isHighRange(transfer: Transfer): transfer is HighRange {
  return typeof transfer === "string";
}
