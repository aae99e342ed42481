import type { Sharp } from "sharp";
import type { TransformSpec } from "../../transform/spec.ts";
import { dropPngChunks, PNG_DENSITY } from "../input/png.ts";
import { declareAlpha } from "../input/webp.ts";
import type { Size } from "../plan/sizes.ts";

/** An image that has been encoded. */
export interface EncodedImage extends Size {
  readonly bytes: Uint8Array;
}

/** How the frames of an animation follow each other, as its original has it. */
export interface FrameTiming {
  /** Milliseconds of each frame. */
  readonly delay: readonly number[];
  /** How often the animation runs; 0 is for ever. */
  readonly loop: number;
  /** A part of a frame can be seen through. */
  readonly isTranslucent: boolean;
}

export interface EncodeSpec extends Pick<TransformSpec, "lossless" | "progressive"> {
  /** 1 to 100, of formats that have qualities. */
  readonly quality: number;
  /** Colours are to be as sharp as brightness, as far as the format can: thin red lines stay red. */
  readonly keepsChroma: boolean;
  /** The image is so large that it is encoded with the least effort. */
  readonly isSlow: boolean;
  /** The pixels are those of several frames. */
  readonly timing?: FrameTiming | undefined;
}

/**
 * Encodes the image that a pipeline makes. The pipeline runs at each `toBuffer`, so materialize it before encoding more
 * than once.
 */
export type Encode = (image: Sharp, spec: EncodeSpec) => Promise<EncodedImage>;

/**
 * Measured on photographs of 3 MP: effort 1 takes a quarter of the time of effort 2, and the files are
 * no larger; from effort 4 on an image takes seconds.
 */
const AVIF_EFFORT = 1;

/** For slow images: a third of the time, and 6 % more bytes. */
const SLOW_AVIF_EFFORT = 0;

/** Measured on 60 frames of 500 by 300: from 3 on it takes twice as long for 4 % less. */
const ANIMATED_WEBP_EFFORT = 2;
/** More makes nothing smaller. */
const ANIMATED_GIF_EFFORT = 3;
/** The quality of lossless WebP is an effort: half the time of the defaults, and 2 to 10 % more bytes. */
const LOSSLESS_WEBP = { lossless: true, quality: 20, effort: 2 } as const;
/** For slow and animated images: a fifth of that time, and 10 % more bytes. */
const LEAST_WEBP_EFFORT = 0;

/** How often an animation runs at the most, in WebP and in GIF. */
const MAX_LOOPS = 65_535;
/** Milliseconds of a frame, at the most: 24 bits in WebP, 16 bits of hundredths of a second in GIF. */
const MAX_WEBP_DELAY = 0xff_ff_ff;
const MAX_GIF_DELAY = 0xff_ff * 10;
/** libwebp adds up the milliseconds of all frames in 31 bits. */
const MAX_WEBP_DURATION = 0x7f_ff_ff_ff;
/** Browsers take 10 ms and less for 100, and GIF has nothing between 10 and 20. */
const LEAST_DELAY = 10;
const NEXT_GIF_DELAY = 20;

/**
 * With a quality sharp would silently write a palette. Adaptive filters take a third off photographs, add a tenth to
 * drawings, and take twice the time. Measured on photographs of 0.2 and 1 MP and on drawings with and without alpha,
 * zlib-ng's level 6, the default, takes a fifth longer than 5, for half a percent.
 */
const PNG = { palette: false, compressionLevel: 5 } as const;

/**
 * Progressive JPEGs have all that `mozjpeg: true` stands for, and are the smallest. Baseline ones have mozjpeg's table but
 * no trellis: on photographs that saves four fifths of the time (15 ms against 72 for 1280 pixels) and takes a tenth
 * more bytes, which matters little where browsers get WebP or AVIF. Without deringing it would be 12 ms, and have eight
 * times as many grey specks on white beside text.
 */
export const encodeJpeg: Encode = (image, { quality, keepsChroma, progressive = false }) =>
  run(
    image.jpeg({
      quality,
      chromaSubsampling: keepsChroma ? "4:4:4" : "4:2:0",
      progressive,
      optimiseScans: progressive,
      trellisQuantisation: progressive,
      overshootDeringing: true,
      quantisationTable: 3,
    }),
  );

export const encodePng: Encode = async (image, { progressive }) => {
  const { bytes, ...size } = await run(image.png({ ...PNG, progressive }));
  return { bytes: dropPngChunks(bytes, PNG_DENSITY), ...size };
};

/** WebP halves the resolution of colours; "sharp YUV" chooses them so that it shows less. Lossy, effort 2 would take half of the time that 4 does, the default, and 4 % more bytes; 3 saves nothing. */
export const encodeWebp: Encode = async (image, { lossless, isSlow, timing, ...spec }) => {
  const { quality, keepsChroma } = spec;
  const isQuick = isSlow || timing !== undefined;
  const effort = isQuick ? LEAST_WEBP_EFFORT : LOSSLESS_WEBP.effort;
  const options = lossless
    ? { ...LOSSLESS_WEBP, effort }
    : timing
      ? { quality, effort: ANIMATED_WEBP_EFFORT }
      : { quality, smartSubsample: keepsChroma };
  const encoded = await run(setTiming(image.webp(options), timing, fitWebpDelay));
  if (timing?.isTranslucent) declareAlpha(encoded.bytes);
  return encoded;
};

export const encodeAvif: Encode = (image, { quality, lossless, isSlow }) =>
  run(image.avif({ quality, lossless, effort: isSlow ? SLOW_AVIF_EFFORT : AVIF_EFFORT }));

export const encodeGif: Encode = (image, { timing }) =>
  run(setTiming(image.gif(timing && { effort: ANIMATED_GIF_EFFORT }), timing, fitGifDelay));

function fitWebpDelay(delay: number, frames: number): number {
  return Math.min(delay, MAX_WEBP_DELAY, Math.floor(MAX_WEBP_DURATION / frames));
}

function fitGifDelay(delay: number): number {
  if (delay <= LEAST_DELAY) return delay;
  return Math.min(Math.max(delay, NEXT_GIF_DELAY), MAX_GIF_DELAY);
}

/** Hands libvips more than sharp's own options take, which end at 65.535 s for a frame. */
function setTiming(
  image: Sharp,
  timing: FrameTiming | undefined,
  fitDelay: (delay: number, frames: number) => number,
): Sharp {
  if (!timing) return image;
  const { options } = image as Sharp & { options: object }; // which its types leave out
  const delay = timing.delay.map((ms) => fitDelay(ms, timing.delay.length));
  Object.assign(options, { delay, loop: Math.min(timing.loop, MAX_LOOPS) });
  return image;
}

async function run(pipeline: Sharp): Promise<EncodedImage> {
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height };
}
