import type { Sharp } from "sharp";
import type { Quality, QualityLevel, TransformSpec } from "../../transform/spec.ts";
import type { ImageFormat } from "../../transform/formats.ts";

/** What the quality levels mean to each encoder that has a quality. */
const QUALITIES = {
  jpg: { best: 90, good: 80, eco: 70, low: 55 },
  webp: { best: 88, good: 79, eco: 68, low: 52 },
  avif: { best: 64, good: 50, eco: 42, low: 32 },
} as const satisfies Partial<Record<ImageFormat, Record<QualityLevel, number>>>;

/**
 * Measured on photographs of 3 MP: effort 1 takes a quarter of the time of effort 2, and the files are
 * no larger; from effort 4 on an image takes seconds.
 */
const AVIF_EFFORT = 1;

/** For what is large: a third of the time, and 6 % more bytes. */
const SLOW_AVIF_EFFORT = 0;

/** Formats whose images can move. */
export type AnimatedFormat = "gif" | "webp";

/** Measured on 60 frames of 500 by 300: from 3 on it takes twice as long for 4 % less. */
const MOVING_WEBP_EFFORT = 2;
/** More makes nothing smaller. */
const MOVING_GIF_EFFORT = 3;
/** Lossless, these are about effort: half the time of the defaults, and 2 to 10 % more bytes. */
const LOSSLESS_WEBP = { lossless: true, quality: 20, effort: 2 } as const;
/** For what is large: a fifth of that time, and 10 % more bytes. */
const SLOW_WEBP_EFFORT = 0;

/**
 * With a quality sharp would silently make it a palette. Adaptive filters take a third off photographs, add a tenth to
 * drawings, and take twice the time. Measured on photographs of 0.2 and 1 MP and on drawings with and without alpha,
 * zlib-ng's level 6, the default, takes a fifth longer than 5, for half a percent.
 */
const PNG = { palette: false, compressionLevel: 5 } as const;

interface Encoding extends TransformSpec {
  /** So large that it is to be made with no more effort than it takes. */
  readonly isSlow?: boolean;
}

const ENCODERS: Readonly<Record<ImageFormat, (image: Sharp, spec: Encoding) => Sharp>> = {
  jpg: encodeJpeg,
  png: (image, { progressive }) => image.png({ ...PNG, progressive }),
  webp: encodeWebp,
  avif: (image, { quality, lossless, isSlow }) => {
    const effort = isSlow ? SLOW_AVIF_EFFORT : AVIF_EFFORT;
    return image.avif({ quality: toNumber("avif", quality), effort, lossless });
  },
  gif: (image) => image.gif(),
};

/** Sets the encoder of a pipeline. */
export function encode(image: Sharp, spec: Encoding & { readonly format: ImageFormat }): Sharp {
  return ENCODERS[spec.format](image, spec);
}

/** How the frames of an animation follow each other. */
export interface Timing {
  /** Of each frame, in milliseconds. */
  readonly delay: number[];
  /** How often all is shown; 0 is for ever. */
  readonly loop: number;
}

/** Sets the encoder of a pipeline whose pixels are those of several frames. */
export function encodeAnimation(
  image: Sharp,
  spec: TransformSpec & { readonly format: AnimatedFormat },
  timing: Timing,
): Sharp {
  if (spec.format === "gif") return image.gif({ ...timing, effort: MOVING_GIF_EFFORT });
  if (spec.lossless) return image.webp({ ...timing, ...LOSSLESS_WEBP, effort: 0 });
  const quality = toNumber("webp", spec.quality);
  return image.webp({ ...timing, quality, effort: MOVING_WEBP_EFFORT });
}

/**
 * Progressive, it is all that `mozjpeg: true` stands for: the smallest there is, for those who ask. Baseline
 * has mozjpeg's table but no trellis: on photographs that saves four fifths of the time (15 ms against 72
 * for 1280 pixels) and takes a tenth more bytes, which matters little where browsers get WebP or AVIF.
 * Without deringing it would be 12 ms, and have eight times as many grey specks on white beside text.
 */
function encodeJpeg(image: Sharp, { quality, progressive }: TransformSpec): Sharp {
  const isProgressive = progressive === true;
  return image.jpeg({
    quality: toNumber("jpg", quality),
    progressive: isProgressive,
    optimiseScans: isProgressive,
    trellisQuantisation: isProgressive,
    overshootDeringing: true,
    quantisationTable: 3,
  });
}

/** Effort 2 would take half of the time that 4 does, and 4 % more bytes; 3 saves nothing. */
function encodeWebp(image: Sharp, { quality, lossless, isSlow }: Encoding): Sharp {
  if (!lossless) return image.webp({ quality: toNumber("webp", quality) });
  return image.webp(isSlow ? { ...LOSSLESS_WEBP, effort: SLOW_WEBP_EFFORT } : LOSSLESS_WEBP);
}

function toNumber(format: keyof typeof QUALITIES, quality: Quality = "good"): number {
  return typeof quality === "number" ? quality : QUALITIES[format][quality];
}
