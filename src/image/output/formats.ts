import type { Sharp } from "sharp";
import type { ImageFormat, OutputFormat } from "../../transform/formats.ts";
import { isImageFormat } from "../../transform/formats.ts";
import type { Quality, QualityLevel, TransformSpec } from "../../transform/spec.ts";
import { releaseGarbage } from "../sharp/memory-pressure.ts";
import type { Encode, EncodedImage, EncodeSpec } from "./encoders.ts";
import { encodeAvif, encodeGif, encodeJpeg, encodePng, encodeWebp } from "./encoders.ts";

/** A format that an image is encoded in. `FORMATS` of the grammar says what the format can hold. */
export interface ImageOutput {
  readonly encode: Encode;
  /** Qualities that the levels stand for. */
  readonly qualities?: Readonly<Record<QualityLevel, number>>;
  /**
   * CPU time of encoding a pixel, in that of AVIF. Measured on photographs of 1 to 3 MP, one core, in nanoseconds per
   * pixel: AVIF 130 to 360, by what is on them, lossless 440; GIF 1030; lossless WebP 240, WebP 75; PNG 40; JPEG 10,
   * progressive 80.
   */
  readonly cost: {
    readonly plain: number;
    readonly lossless?: number;
    readonly progressive?: number;
  };
  /** Encoding may take seconds, also of what is not lossless or animated. */
  readonly isHeavy: boolean;
  /** Its encoder writes grey as one channel, so that a profile for grey can be kept. */
  readonly hasGray: boolean;
  /** Its encoder writes the orientation of the original, whatever else is dropped. */
  readonly keepsOrientation: boolean;
}

/** The formats that images are written in, one row each. It loads no sharp: the service plans by it too. */
export const OUTPUTS: Readonly<Record<ImageFormat, ImageOutput>> = {
  jpg: {
    encode: encodeJpeg,
    qualities: { best: 90, good: 80, eco: 70, low: 55 },
    cost: { plain: 0.1, progressive: 0.5 },
    isHeavy: false,
    hasGray: true,
    keepsOrientation: false,
  },
  png: {
    encode: encodePng,
    cost: { plain: 0.3 },
    isHeavy: false,
    hasGray: true,
    keepsOrientation: false,
  },
  webp: {
    encode: encodeWebp,
    qualities: { best: 88, good: 79, eco: 68, low: 52 },
    cost: { plain: 0.5, lossless: 1.6 },
    isHeavy: false,
    hasGray: false,
    keepsOrientation: false,
  },
  avif: {
    encode: encodeAvif,
    qualities: { best: 64, good: 50, eco: 42, low: 32 },
    cost: { plain: 1, lossless: 3 },
    isHeavy: true,
    hasGray: false,
    keepsOrientation: true,
  },
  gif: {
    encode: encodeGif,
    cost: { plain: 7 },
    isHeavy: true,
    hasGray: false,
    keepsOrientation: false,
  },
};

/** The options of a transform that say how an image is encoded. */
export interface ImageSpec extends Pick<TransformSpec, "quality" | "lossless" | "progressive"> {
  readonly format: ImageFormat;
}

/** From this quality on, and from `best`, colours are as sharp as brightness. */
const FULL_CHROMA = 90;

interface EncodeOptions extends Partial<Pick<EncodeSpec, "isSlow" | "timing">> {
  readonly quality?: Quality;
}

export async function encodeImage(
  image: Sharp,
  { format, quality = "good", isSlow = false, ...spec }: ImageSpec & EncodeOptions,
): Promise<EncodedImage> {
  const { encode, qualities } = OUTPUTS[format];
  await releaseGarbage();
  const number = typeof quality === "number" ? quality : (qualities?.[quality] ?? 0);
  const keepsChroma = number >= Math.min(FULL_CHROMA, qualities?.best ?? FULL_CHROMA);
  return encode(image, { ...spec, quality: number, keepsChroma, isSlow });
}

/** CPU time of encoding so many pixels, in pixels of AVIF that would take as long. Descriptions take none. */
export function estimateCost(
  pixels: number,
  { format, lossless, progressive }: Omit<ImageSpec, "format"> & { readonly format: OutputFormat },
): number {
  if (!isImageFormat(format)) return 0;
  const { cost } = OUTPUTS[format];
  return pixels * ((lossless && cost.lossless) || (progressive && cost.progressive) || cost.plain);
}

/** True if encoding one image may take seconds. */
export function isHeavyOutput(format: OutputFormat, spec: TransformSpec): boolean {
  if (!isImageFormat(format)) return false;
  return OUTPUTS[format].isHeavy || spec.lossless === true;
}
