import type { Sharp } from "sharp";
import type { OutputFormat, Quality, QualityLevel } from "../transform/spec.ts";

/** What the quality levels mean to each encoder that has a quality. */
const QUALITIES = {
  jpg: { best: 90, good: 80, eco: 70, low: 55 },
  webp: { best: 88, good: 79, eco: 68, low: 52 },
  avif: { best: 64, good: 50, eco: 42, low: 32 },
} as const satisfies Partial<Record<OutputFormat, Record<QualityLevel, number>>>;

/**
 * Measured on photographs of 3 MP: effort 1 takes a quarter of the time of effort 2, and the files are
 * no larger; from effort 4 on a picture takes seconds.
 */
const AVIF_EFFORT = 1;

const ENCODERS: Readonly<
  Record<OutputFormat, (image: Sharp, quality: Quality | undefined) => Sharp>
> = {
  jpg: (image, quality) => image.jpeg({ quality: toNumber("jpg", quality), mozjpeg: true }),
  // a quality would silently mean a palette
  png: (image) => image.png({ palette: false }),
  webp: (image, quality) => image.webp({ quality: toNumber("webp", quality) }),
  avif: (image, quality) => image.avif({ quality: toNumber("avif", quality), effort: AVIF_EFFORT }),
  gif: (image) => image.gif(),
};

/** Sets the encoder of a pipeline. */
export function encode(image: Sharp, format: OutputFormat, quality: Quality | undefined): Sharp {
  return ENCODERS[format](image, quality);
}

function toNumber(format: keyof typeof QUALITIES, quality: Quality = "good"): number {
  return typeof quality === "number" ? quality : QUALITIES[format][quality];
}
