import type { Metadata, Sharp } from "sharp";
import sharp from "sharp";
import type { ColorSpace } from "../color/color-space.ts";
import { listGrayLevels } from "../color/light.ts";
import { readProfile } from "../color/read-profile.ts";
import { writeProfile } from "../color/write-profile.ts";
import type { InputFormat } from "../input/formats.ts";
import { INPUTS } from "../input/formats.ts";
import { walkPngChunks } from "../input/png.ts";
import { embedProfile } from "./embed-profile.ts";
import { noteGarbage } from "./memory-pressure.ts";
import { insertPngChunk, toPngChunk } from "./png-chunk.ts";

/** Facts of an image that say how sharp has to be led to sRGB. */
export type ColorFacts = Pick<Metadata, "hasAlpha" | "depth" | "icc"> &
  Partial<Pick<Metadata, "space">>;

/** An image, and what is known of it. */
export interface Profiled<Facts> {
  readonly bytes: Uint8Array;
  readonly metadata: Facts;
}

/**
 * Converts what an original says of its colours by numbers, which libvips does not read: grey to sRGB, and others to a
 * profile that stands for them.
 */
export async function convertNumbers<Facts extends ColorFacts>(
  bytes: Uint8Array,
  format: InputFormat,
  metadata: Facts,
): Promise<Profiled<Facts>> {
  const color = INPUTS[format].readColor?.(bytes, metadata.icc !== undefined);
  if (!color) return { bytes, metadata };
  if (isGray(metadata)) return convertGray(bytes, color, metadata);
  const icc = writeProfile(color);
  const profiled = icc ? embedProfile(bytes, format, icc) : bytes;
  if (profiled === bytes) return { bytes, metadata };
  noteGarbage(bytes.length);
  return { bytes: profiled, metadata: { ...metadata, icc } };
}

/**
 * Converts a grey PNG by a table of its levels, and writes it again. A profile for grey would do for most, but lcms
 * interpolates between 33 levels, and is far off in the dark of linear light.
 */
async function convertGray<Facts extends ColorFacts>(
  png: Uint8Array,
  color: ColorSpace,
  metadata: Facts,
): Promise<Profiled<Facts>> {
  const isDeep = metadata.depth === "ushort";
  // sharp gives grey without its alpha
  const { data, info } = await sharp(png, { ignoreIcc: true, limitInputPixels: false })
    .toColourspace(isDeep ? "rgb16" : "srgb")
    .raw({ depth: isDeep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const stored = isDeep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  const converted = mapGray(stored, info.channels, listGrayLevels(color, isDeep ? 65_536 : 256));
  const raw = { width, height, channels: metadata.hasAlpha ? 2 : 1 } as const;
  const bytes = await sharp(converted, { raw })
    .toColourspace("b-w")
    .png({ compressionLevel: 0 })
    .toBuffer();
  noteGarbage(png.length + data.length + converted.length);
  return {
    bytes: keepOrientation(png, bytes),
    metadata: { ...metadata, depth: "uchar", space: "b-w" },
  };
}

/** Gives grey of 8 bits, and alpha where there is a fourth channel. */
function mapGray(
  stored: Uint8Array | Uint16Array,
  channels: number,
  levels: Uint8ClampedArray,
): Buffer {
  const hasAlpha = channels === 4;
  const converted = Buffer.alloc((stored.length / channels) * (hasAlpha ? 2 : 1));
  const surplus = stored.BYTES_PER_ELEMENT === 2 ? 8 : 0;
  for (let from = 0, to = 0; from < stored.length; from += channels) {
    converted[to++] = levels[stored[from] ?? 0] ?? 0;
    if (hasAlpha) converted[to++] = (stored[from + 3] ?? 0) >> surplus;
  }
  return converted;
}

/** Gives a PNG the Exif of another, which has its orientation. */
function keepOrientation(from: Uint8Array, png: Uint8Array): Uint8Array {
  for (const { type, data } of walkPngChunks(from)) {
    if (type !== "eXIf") continue;
    const exif = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return insertPngChunk(png, toPngChunk(type, exif));
  }
  return png;
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
