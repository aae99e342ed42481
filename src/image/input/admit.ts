import { MediaError } from "../../errors.ts";
import { noteGarbage } from "../sharp/memory-pressure.ts";
import { countJpegScans } from "./jpeg-scans.ts";
import { dropPngChunks, PNG_TEXT } from "./png-chunks.ts";
import { sniffFormat } from "./sniff.ts";
import { countWebpFrames } from "./webp-size.ts";

/** What an original may cost. Checked before its pixels are touched. */
export interface ImageLimits {
  /** Width times height. */
  readonly maxPixels: number;
  /** Of AVIF, whose decoder takes several times the memory of the others. */
  readonly maxAvifPixels: number;
  /** Either side: one very long line costs as much as a whole image. */
  readonly maxSide: number;
  /**
   * How large an AVIF may be that is made with some effort, or while somebody waits who would take
   * something else; other formats by what they cost in comparison.
   */
  readonly slowPixels: number;
}

export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  maxPixels: 50_000_000,
  maxAvifPixels: 24_000_000,
  maxSide: 16_384,
  slowPixels: 2_000_000, // half a second
};

/** Of over 2,000 real JPEGs none had more than 20; each costs a pass over all pixels. */
const MAX_JPEG_SCANS = 64;

/** Of which 256 can be asked for; with this many a still of one takes a tenth of a second. */
const MAX_WEBP_FRAMES = 8192;

export type InputFormat = "jpeg" | "png" | "webp" | "gif" | "avif";

export interface Admitted {
  readonly format: InputFormat;
  /** The original, less what only costs time to read. */
  readonly bytes: Uint8Array;
}

/**
 * Lets an original through to the decoders by its bytes; its name and declared type play no part.
 *
 * @throws MediaError `unsupported_original` for what is no image that is accepted here,
 * `unusable_original` for one that would cost too much.
 */
export function admitOriginal(bytes: Uint8Array): Admitted {
  const format = sniffFormat(bytes);
  if (!isInputFormat(format)) throw refuse(format);
  if (format === "jpeg" && countJpegScans(bytes, MAX_JPEG_SCANS) > MAX_JPEG_SCANS) {
    const problem = `a JPEG original must have at most ${MAX_JPEG_SCANS} scans`;
    throw new MediaError("unusable_original", problem);
  }
  if (format === "webp" && countWebpFrames(bytes, MAX_WEBP_FRAMES) > MAX_WEBP_FRAMES) {
    const problem = `a WebP original must have at most ${MAX_WEBP_FRAMES} frames`;
    throw new MediaError("unusable_original", problem);
  }
  const admitted = format === "png" ? dropPngChunks(bytes, PNG_TEXT) : bytes;
  if (admitted !== bytes) noteGarbage(bytes.length);
  return { format, bytes: admitted };
}

/** @throws MediaError `unusable_original` naming the limit that the original exceeds. */
export function checkDimensions(
  { width, height }: { readonly width: number; readonly height: number },
  format: InputFormat,
  limits: ImageLimits,
): void {
  const maxPixels =
    format === "avif" ? Math.min(limits.maxAvifPixels, limits.maxPixels) : limits.maxPixels;
  const is = `the original is ${width}×${height}`;
  if (Math.max(width, height) > limits.maxSide) {
    const problem = `${is}, but no side may be over ${limits.maxSide} pixels`;
    throw new MediaError("unusable_original", problem);
  }
  if (width * height > maxPixels) {
    const problem = `${is}, but ${format} originals may have at most ${maxPixels} pixels`;
    throw new MediaError("unusable_original", problem);
  }
}

const INPUT_FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "gif", "avif"]);

function isInputFormat(format: string | undefined): format is InputFormat {
  return format !== undefined && INPUT_FORMATS.has(format);
}

function refuse(format: string | undefined): MediaError {
  const accepted = "JPEG, PNG, WebP, GIF and AVIF originals are accepted";
  if (format === "heic") {
    const problem =
      "the original is HEIC, whose HEVC codec is not free and not part of this service";
    return new MediaError("unsupported_original", `${problem}; ${accepted}`);
  }
  const is = format ? `the original is ${format.toUpperCase()}` : "the original is no known image";
  return new MediaError("unsupported_original", `${is}; ${accepted}`);
}
