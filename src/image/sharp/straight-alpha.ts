import sharp from "sharp";
import type { InputRow } from "../input/formats.ts";
import type { ColorFacts, Profiled } from "./colors.ts";
import { embedInPng } from "./embed-profile.ts";
import { noteGarbage } from "./memory-pressure.ts";
import { fromPixels, toPixels } from "./pixels.ts";

/**
 * Divides the colours of an image by its alpha where they are multiplied by it, and gives it as a PNG of 8 bits without
 * compression. Its levels are for the same profile.
 *
 * @throws Error when the image cannot be decoded
 */
export async function straightenAlpha<Facts extends ColorFacts>(
  image: Profiled<Facts>,
  input: Pick<InputRow, "isPremultiplied">,
): Promise<Profiled<Facts>> {
  const { bytes, metadata } = image;
  if (!input.isPremultiplied?.(bytes)) return image;
  const pixels = await toPixels(sharp(bytes, { failOn: "error", ignoreIcc: true }));
  if (pixels.channels === 4) divideByAlpha(pixels.data);
  const png = await fromPixels(pixels).png({ compressionLevel: 0 }).toBuffer();
  noteGarbage(png.length);
  const straight = metadata.icc ? embedInPng(png, metadata.icc) : png;
  return { bytes: straight, metadata: { ...metadata, depth: "uchar", space: "srgb" } };
}

function divideByAlpha(data: Buffer): void {
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    if (alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel += 1)
      data[channel] = alpha && Math.min(255, Math.round(((data[channel] ?? 0) * 255) / alpha));
  }
}
