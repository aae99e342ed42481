import type { Chromaticity, ColorSpace } from "../color/color-space.ts";
import { findPrimaries, findTransfer, isSrgb, SRGB, toGammaCurve } from "../color/color-space.ts";
import { computeChecksum, walkPngChunks } from "./png.ts";

/**
 * Reads the colour space of a PNG that names it by numbers: `cICP` before a profile, or `gAMA` and `cHRM` where there
 * is neither a profile nor `sRGB` (PNG, third edition, 4.3). `undefined` where a profile or sRGB counts. Numbers that
 * stand for nothing are passed over, as browsers do.
 *
 * @param hasProfile the decoder found a profile that it can read
 */
export function readPngColor(bytes: Uint8Array, hasProfile: boolean): ColorSpace | undefined {
  const colors = listColors(bytes);
  const named = readCodes(colors);
  if (named) return isSrgb(named) && !hasProfile ? undefined : named;
  const isPlain = (colors.get("sRGB")?.getUint8(0) ?? INTENTS) < INTENTS;
  return hasProfile || isPlain ? undefined : readGamma(colors);
}

/** Rendering intents of `sRGB`. */
const INTENTS = 4;

/** Chunks that name colours, and the lengths of their data. */
const LENGTHS: Readonly<Record<string, number>> = {
  cICP: 4,
  sRGB: 1,
  gAMA: 4,
  cHRM: 32,
  cLLI: 8,
  mDCV: 24,
};

type PngColors = ReadonlyMap<string, DataView>;

/** Lists the first chunk of each kind, of those that are before the pixels and are not damaged. */
function listColors(bytes: Uint8Array): PngColors {
  const colors = new Map<string, DataView>();
  for (const { type, data, checksum } of walkPngChunks(bytes)) {
    if (type === "IDAT") break;
    if (LENGTHS[type] !== data.byteLength || colors.has(type)) continue;
    if (computeChecksum(type, data) === checksum) colors.set(type, data);
  }
  return colors;
}

/** The pixels of a PNG are red, green and blue, so that a matrix of 0 is the only one; and browsers read no other range. */
function readCodes(colors: PngColors): ColorSpace | undefined {
  const data = colors.get("cICP");
  if (data?.getUint16(2) !== 0x00_01) return undefined;
  const primaries = findPrimaries(data.getUint8(0));
  const transfer = findTransfer(data.getUint8(1));
  return primaries && transfer && { primaries, transfer, peak: readPeak(colors) };
}

/** Steps in a candela per square metre. */
const LIGHT_STEPS = 10_000;

/** The brightest light of the image, or else of the screen that it was made on. */
function readPeak(colors: PngColors): number | undefined {
  const steps = colors.get("cLLI")?.getUint32(0) || colors.get("mDCV")?.getUint32(16);
  return steps ? steps / LIGHT_STEPS : undefined;
}

/** The unit of `gAMA` and `cHRM`: hundred thousandths. */
const UNIT = 100_000;
/** The gamma that stands for sRGB, and how far another may be from it. */
const SRGB_GAMMA = UNIT / 2.2;
const TOLERANCE = 0.05;

/** Without a gamma nothing is known of the levels, and browsers take them for sRGB. */
function readGamma(colors: PngColors): ColorSpace | undefined {
  const gamma = colors.get("gAMA")?.getUint32(0) ?? 0;
  if (gamma === 0) return undefined;
  const transfer = toGammaCurve(UNIT / gamma);
  const points = colors.get("cHRM");
  if (points) return { primaries: readPrimaries(points), transfer };
  const isLikeSrgb = Math.abs(gamma / SRGB_GAMMA - 1) < TOLERANCE;
  return isLikeSrgb ? undefined : { primaries: SRGB.primaries, transfer };
}

function readPrimaries(data: DataView): ColorSpace["primaries"] {
  const point = (at: number): Chromaticity => [
    data.getUint32(at) / UNIT,
    data.getUint32(at + 4) / UNIT,
  ];
  return { white: point(0), red: point(8), green: point(16), blue: point(24) };
}
