import type { Metadata, Sharp } from "sharp";
import { readProfile } from "../color/read-profile.ts";
import { writeProfile } from "../color/write-profile.ts";
import type { InputFormat } from "../input/formats.ts";
import { INPUTS } from "../input/formats.ts";
import { embedProfile } from "./embed-profile.ts";
import { noteGarbage } from "./memory-pressure.ts";

/** Facts of an image that say how sharp has to be led to sRGB. */
export type ColorFacts = Pick<Metadata, "hasAlpha" | "depth" | "icc"> &
  Partial<Pick<Metadata, "space">>;

interface Profiled<Facts> {
  readonly bytes: Uint8Array;
  readonly metadata: Facts;
}

/** Gives an original a profile for what it says of its colours by numbers, which libvips does not read. */
export function profileColors<Facts extends ColorFacts>(
  bytes: Uint8Array,
  format: InputFormat,
  metadata: Facts,
): Profiled<Facts> {
  const color = INPUTS[format].readColor?.(bytes, metadata.icc !== undefined);
  const icc = color && writeProfile(color, isGray(metadata) ? "gray" : "rgb");
  const profiled = icc ? embedProfile(bytes, format, icc) : bytes;
  if (profiled === bytes) return { bytes, metadata };
  noteGarbage(bytes.length);
  return { bytes: profiled, metadata: { ...metadata, icc } };
}

/**
 * Leads a pipeline to sRGB where sharp would not come to it alone: it converts 16 bits to Display P3, or not at all if
 * they are grey, and has libvips flatten grey without a profile on the red of a background. So 16 bits become 8 first,
 * unless that would take detail from the dark.
 */
export function leadToSrgb(source: Sharp, metadata: ColorFacts): Sharp {
  if (isConvertedLast(metadata)) return source.withIccProfile("srgb", { attach: false });
  const isDeep = metadata.depth === "ushort";
  const isProfiled = metadata.icc && readProfile(metadata.icc)?.model === "gray";
  if (isGray(metadata) && isProfiled) return isDeep ? source.pipelineColourspace("b-w") : source;
  return metadata.hasAlpha || isDeep ? source.pipelineColourspace("srgb") : source;
}

/**
 * True if sharp is left to convert 16 bits to Display P3, and they become sRGB at the end of a pipeline: after all that
 * brings colours of its own.
 */
export function isConvertedLast({ depth, space, icc }: ColorFacts): boolean {
  const profile = depth === "ushort" && space === "rgb16" && icc ? readProfile(icc) : undefined;
  return profile?.model === "rgb" && profile.isLinear;
}

function isGray({ space }: ColorFacts): boolean {
  return space === "b-w" || space === "grey16";
}
