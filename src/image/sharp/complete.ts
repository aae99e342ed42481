import sharp from "sharp";
import { MediaError } from "../../errors.ts";
import type { InputFormat } from "../input/formats.ts";
import { sniffFormat } from "../input/formats.ts";
import { closeJpeg } from "../input/jpeg/end.ts";
import { endsLikePng } from "../input/png.ts";
import { splitPng } from "../input/png-pixels.ts";
import { noteGarbage } from "./memory-pressure.ts";
import { mendPng } from "./mend-png.ts";

/** Originals that lack their end, and of which all pixels were found to be there. */
const proven = new WeakSet<Uint8Array>();

/**
 * Gives an original the end that it lacks, where all of its pixels are there. Otherwise libvips would miss the end at some
 * sizes and not at others.
 *
 * @throws MediaError `unusable_original` where pixels are missing
 */
export async function completeOriginal(
  original: Uint8Array,
  format: InputFormat,
): Promise<Uint8Array> {
  if (format === "jpeg") return completeJpeg(original);
  return format === "png" ? completePng(original) : original;
}

async function completeJpeg(original: Uint8Array): Promise<Uint8Array> {
  const closed = closeJpeg(original);
  if (!closed) return original;
  if (!closed.hasScans) throw cutOff();
  noteGarbage(closed.bytes.length);
  if (!proven.has(original)) await proveBlocks(closed.bytes);
  proven.add(original);
  return closed.bytes;
}

async function completePng(original: Uint8Array): Promise<Uint8Array> {
  const parts = endsLikePng(original) ? undefined : splitPng(original);
  if (!parts || parts.hasEnd) return original;
  const mended = await mendPng(parts);
  if (!mended) throw cutOff();
  noteGarbage(mended.length);
  return mended;
}

/** All blocks were there, and libjpeg passed over bytes between them and the end marker. */
const ONLY_SURPLUS = /extraneous bytes before marker 0xd9/;

/**
 * Proves that a JPEG has all of its blocks: libjpeg warns when it comes to the end marker too soon. libvips reports the
 * first warning only.
 */
async function proveBlocks(jpeg: Uint8Array): Promise<void> {
  const { width, height } = await sharp(jpeg, { limitInputPixels: false }).metadata();
  const last = { left: width - 1, top: height - 1, width: 1, height: 1 };
  try {
    // for the last pixel all others have to be decoded, and none has to be kept
    await sharp(jpeg, { failOn: "warning" }).extract(last).raw().toBuffer();
  } catch (error) {
    if (!ONLY_SURPLUS.test(String(error))) throw cutOff(error);
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
