import sharp from "sharp";
import { MediaError } from "../../errors.ts";
import type { InputFormat } from "../input/formats.ts";
import { sniffFormat } from "../input/formats.ts";
import type { ImageLimits } from "../input/limits.ts";
import { closeJpeg } from "../input/jpeg/end.ts";
import { endsLikePng } from "../input/png.ts";
import { splitPng } from "../input/png-pixels.ts";
import { noteGarbage } from "./memory-pressure.ts";
import { mendPng } from "./mend-png.ts";

/** Originals that lack their end, and of which all pixels were found to be there. */
const proven = new WeakSet<Uint8Array>();

export interface CompletedOriginal {
  readonly bytes: Uint8Array;
  /** Pixels are missing. A decoder that passes over errors shows the others. */
  readonly isTruncated: boolean;
}

/**
 * Gives an original the end that it lacks, where all of its pixels are there. Otherwise libvips would miss the end at some
 * sizes and not at others.
 *
 * @throws MediaError `unusable_original` where pixels are missing, unless the limits allow that
 */
export async function completeOriginal(
  original: Uint8Array,
  format: InputFormat,
  { truncated }: ImageLimits,
): Promise<CompletedOriginal> {
  const { bytes, problem } = await findEnd(original, format);
  if (bytes !== original) noteGarbage(bytes.length);
  if (problem && truncated === "refuse") throw problem;
  return { bytes, isTruncated: problem !== undefined };
}

interface Ended {
  readonly bytes: Uint8Array;
  readonly problem?: MediaError;
}

async function findEnd(original: Uint8Array, format: InputFormat): Promise<Ended> {
  if (format === "jpeg") return findJpegEnd(original);
  return format === "png" ? findPngEnd(original) : { bytes: original };
}

async function findJpegEnd(original: Uint8Array): Promise<Ended> {
  const closed = closeJpeg(original);
  if (!closed) return { bytes: original };
  const { bytes } = closed;
  if (!closed.hasScans) return { bytes, problem: cutOff() };
  const problem = proven.has(original) ? undefined : await findMissingBlocks(bytes);
  if (problem) return { bytes, problem };
  proven.add(original);
  return { bytes };
}

async function findPngEnd(original: Uint8Array): Promise<Ended> {
  const parts = endsLikePng(original) ? undefined : splitPng(original);
  if (!parts || parts.hasEnd) return { bytes: original };
  const mended = await mendPng(parts);
  return mended ? { bytes: mended } : { bytes: original, problem: cutOff() };
}

/** All blocks were there, and libjpeg passed over bytes between them and the end marker. */
const ONLY_SURPLUS = /extraneous bytes before marker 0xd9/;

/**
 * Tells whether blocks of a JPEG are missing: libjpeg warns when it comes to the end marker too soon. libvips reports the
 * first warning only.
 */
async function findMissingBlocks(jpeg: Uint8Array): Promise<MediaError | undefined> {
  const { width, height } = await sharp(jpeg, { limitInputPixels: false }).metadata();
  const last = { left: width - 1, top: height - 1, width: 1, height: 1 };
  try {
    // for the last pixel all others have to be decoded, and none has to be kept
    await sharp(jpeg, { failOn: "warning" }).extract(last).raw().toBuffer();
    return undefined;
  } catch (error) {
    return ONLY_SURPLUS.test(String(error)) ? undefined : cutOff(error);
  }
}

function cutOff(cause?: unknown): MediaError {
  const problem = "the original is cut off before its last pixel: upload it once more";
  return new MediaError("unusable_original", problem, { cause });
}

/** Gives an original that could not be decoded without its fault; `undefined` where that is another one. */
export async function mendOriginal(
  original: Uint8Array,
  error: unknown,
): Promise<Uint8Array | undefined> {
  const isDecodeError = error instanceof MediaError && error.cause !== undefined;
  if (!isDecodeError || sniffFormat(original) !== "png") return undefined;
  const parts = splitPng(original);
  return parts && mendPng(parts);
}
