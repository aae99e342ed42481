import { deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { toRgba } from "../../transform/color.ts";
import type { ImageFacts } from "../sharp/original.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { ImageFormat } from "../../transform/formats.ts";
import { FORMATS } from "../../transform/formats.ts";
import { OUTPUTS } from "../output/formats.ts";

/** A colour profile that a variant keeps, and the colour space that it is for. */
export interface Profile {
  readonly icc: Uint8Array;
  readonly space: "srgb" | "b-w";
}

/** Largest profile that is kept. Those of cameras and screens have some kilobytes, large ones are for printers. */
const MAX_PROFILE_BYTES = 1024 * 1024;

/**
 * Chooses the profile that a variant keeps, if the spec asks for it and it can be kept: it is for red, green and blue, or
 * for grey that stays grey, and the format holds profiles. All other images are converted to sRGB.
 */
export function chooseProfile(
  { icc, space }: ImageFacts,
  spec: TransformSpec & { readonly format: ImageFormat },
): Profile | undefined {
  const isAsked = spec.keepIcc === true && FORMATS[spec.format].hasProfile;
  if (!isAsked || !icc || !space || icc.length > MAX_PROFILE_BYTES) return undefined;
  const found = SPACES[icc.toString("latin1", 16, 20)]; // ICC.1:2022, 7.2.6
  if (!found?.includes(space)) return undefined;
  const [profiled] = found;
  return profiled === "srgb" || staysGray(spec) ? { icc, space: profiled } : undefined;
}

/** The colour spaces of libvips that a profile may be for. Variants have the first one. */
const SPACES: Readonly<Record<string, readonly ["srgb" | "b-w", ...string[]]>> = {
  "RGB ": ["srgb", "rgb16"],
  GRAY: ["b-w", "grey16"],
};

function staysGray(spec: TransformSpec & { readonly format: ImageFormat }): boolean {
  const { r, g, b } = toRgba(spec.background ?? "000000");
  const isColored = spec.tint ?? spec.sepia ?? (r !== g || g !== b);
  return !isColored && OUTPUTS[spec.format].hasGray;
}

/**
 * Attaches a profile to an image, whose levels are for that profile already. sharp reads profiles from files only, so the
 * pixels pass through an uncompressed PNG.
 */
export async function attachProfile(image: Sharp, { icc, space }: Profile): Promise<Sharp> {
  const png = await image.toColourspace(space).png({ compressionLevel: 0 }).toBuffer();
  // any name, a zero, and the only method of compression (PNG, 11.3.2.3)
  const content = Buffer.concat([Buffer.from("iCCPicc\0\0"), deflateSync(icc)]);
  return sharp(insertChunk(png, content)).toColourspace(space).keepIccProfile();
}

/** The signature and the header of every PNG; the chunk of a profile comes right after them. */
const PNG_HEADER_BYTES = 33;

function insertChunk(png: Buffer, content: Buffer): Buffer {
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length - 4); // less its type
  checksum.writeUInt32BE(crc32(content));
  const [before, after] = [png.subarray(0, PNG_HEADER_BYTES), png.subarray(PNG_HEADER_BYTES)];
  return Buffer.concat([before, length, content, checksum, after]);
}

/** zlib exports this only in newer versions of Node. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0);
  }
  return ~crc >>> 0;
}
