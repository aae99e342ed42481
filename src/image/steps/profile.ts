import type { Sharp } from "sharp";
import sharp from "sharp";
import { toRgba } from "../../transform/color.ts";
import { embedInPng } from "../sharp/embed-profile.ts";
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

/** Largest profile that is kept. Those of cameras and screens have some kilobytes; printers and high dynamic range need tables. */
const MAX_PROFILE_BYTES = 128 * 1024;

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
 * Attaches a profile to an image, whose levels are for that profile already. The pixels pass through an uncompressed PNG,
 * since sharp reads profiles from files only.
 */
export async function attachProfile(image: Sharp, { icc, space }: Profile): Promise<Sharp> {
  const png = await image.toColourspace(space).png({ compressionLevel: 0 }).toBuffer();
  return sharp(embedInPng(png, icc)).toColourspace(space).keepIccProfile();
}
