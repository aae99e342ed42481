import type { SharpOptions } from "sharp";
import sharp from "sharp";
import type { Size } from "../plan/sizes.ts";
import { canDecodeSmaller, openSmaller } from "./engine.ts";
import type { Pixels } from "./pixels.ts";
import { toPixels } from "./pixels.ts";
import { withTempFile } from "./temp-file.ts";

/** Decoded pixels, as they are stored. */
export interface Decoded {
  /** The factor by which the decoder has reduced them. */
  readonly shrink: number;
  readonly pixels: Pixels;
  /** A side has a fraction where the factor does not divide it. Its last pixel is then only a part of one. */
  readonly size: Size;
}

interface Reading {
  readonly options: SharpOptions;
  /** That of the image as it is stored. */
  readonly size: Size;
  /** 2, 4 or 8. */
  readonly shrink: number;
}

/**
 * Decodes a JPEG at a half, a quarter or an eighth of its size; `undefined` where sharp cannot, and would do nothing else
 * for a variant.
 *
 * @param jpeg one whose sides the factor divides, or that claims all of its blocks
 */
export async function decodeReduced(
  jpeg: Uint8Array,
  { options, size, shrink }: Reading,
): Promise<Decoded | undefined> {
  const reduced = { width: size.width / shrink, height: size.height / shrink };
  const [width, height] = [Math.ceil(reduced.width), Math.ceil(reduced.height)];
  // libvips counts the pixels that it decodes
  const smaller = { ...options, limitInputPixels: width * height };
  const pixels = canDecodeSmaller()
    ? await withTempFile(jpeg, (path) => toPixels(openSmaller(path, shrink, smaller)))
    : undefined;
  if (pixels) return { shrink, pixels, size: reduced };
  if (width === reduced.width && height === reduced.height) return undefined;
  // sharp reduces by half of the factor, and then exactly by two
  const image = sharp(jpeg, { ...options, limitInputPixels: false });
  const resized = await toPixels(image.resize({ width, height, fit: "fill" }));
  return { shrink, pixels: resized, size: reduced };
}
