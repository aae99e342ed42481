import type { Sharp } from "sharp";
import sharp from "sharp";
import { insertIntoPng, pngChunk } from "./hostile.ts";

// Images that say by numbers which colours they have.

export const cicp = (primaries: number, transfer: number, ...rest: readonly number[]): Buffer =>
  pngChunk("cICP", Uint8Array.of(primaries, transfer, ...(rest.length > 0 ? rest : [0, 1])));

/** In hundred thousandths, as the chunk has it: 45455 is a gamma of 2.2. */
export const gama = (value: number): Buffer => pngChunk("gAMA", toLongs([value]));

/** The brightest light of an image, in candela per square metre. */
export const clli = (light: number): Buffer => pngChunk("cLLI", toLongs([light * 10_000, 0]));

/** White, red, green and blue. */
export const chrm = (points: readonly number[]): Buffer =>
  pngChunk("cHRM", toLongs(points.map((value) => Math.round(value * 100_000))));

export const ADOBE_RGB = [0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06] as const;

function toLongs(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

type Levels = readonly [red: number, green: number, blue: number];

interface Patch {
  readonly levels: Levels;
  /** Channels have 16 bits. */
  readonly isDeep?: boolean;
  readonly isGray?: boolean;
  /** One channel more, which is opaque. */
  readonly hasAlpha?: boolean;
}

/** A PNG of one colour, with these chunks right after its header. */
export async function drawPatch(patch: Patch, chunks: readonly Buffer[]): Promise<Buffer> {
  const { levels, isDeep = false, isGray = false, hasAlpha = false } = patch;
  const [r, g, b] = levels;
  const background = { r, g, b, alpha: 1 };
  const channels = hasAlpha ? 4 : 3;
  const flat = sharp({ create: { width: 16, height: 16, channels, background } });
  const space = isGray ? (isDeep ? "grey16" : "b-w") : isDeep ? "rgb16" : "srgb";
  return insertIntoPng(await flat.toColourspace(space).png().toBuffer(), chunks);
}

/** An AVIF of one colour, whose `nclx` has these numbers for primaries and transfer. */
export async function drawAvifPatch(
  [r, g, b]: Levels,
  numbers: readonly [primaries: number, transfer: number],
  bitdepth: 8 | 10 | 12 = 8,
): Promise<Buffer> {
  const create = { width: 16, height: 16, channels: 3, background: { r, g, b } } as const;
  return numberAvif(sharp({ create }), numbers, bitdepth);
}

/** An AVIF of an image whose levels are of the colour space of these numbers. */
export async function numberAvif(
  image: Sharp,
  [primaries, transfer]: readonly [number, number],
  bitdepth: 8 | 10 | 12 = 8,
): Promise<Buffer> {
  const avif = await image
    .withIccProfile("srgb")
    .avif({ effort: 0, quality: 100, chromaSubsampling: "4:4:4", bitdepth })
    .toBuffer();
  // the encoder writes no numbers, but a profile that is longer
  const profile = avif.indexOf("colrrICC") + 4;
  if (profile < 4) throw new Error("the encoder writes no profile");
  avif.write("nclx", profile);
  for (const [index, code] of [primaries, transfer, BT601].entries()) {
    avif.writeUInt16BE(code, profile + 4 + index * 2);
  }
  avif.writeUInt8(FULL_RANGE, profile + 10);
  return avif;
}

/** How the encoder makes luma and chroma of red, green and blue. */
const BT601 = 6;
const FULL_RANGE = 0x80;

/** The level of sRGB for light from 0 to 1 (IEC 61966-2-1). */
export function toSrgbLevel(light: number): number {
  const clipped = Math.min(Math.max(light, 0), 1);
  return Math.round(
    255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055),
  );
}
