/** Limits of an original. They are checked before its pixels are decoded. */
export interface ImageLimits {
  /** Width times height. */
  readonly maxPixels: number;
  /** The same of JPEGs that are read row by row, or reduced on the way: all but those of several scans. */
  readonly maxJpegPixels: number;
  /** The same of AVIF, whose decoder takes several times the memory of the others. */
  readonly maxAvifPixels: number;
  /** Pixels of the longer side: one very long line costs as much as a whole image. */
  readonly maxSide: number;
  /**
   * Cost of encoding above which an image is slow, in pixels of AVIF. A slow image is encoded with less effort, or
   * skipped for a client that accepts another format.
   */
  readonly slowPixels: number;
  /** Fate of an original that is cut off before its last pixel: it is refused, or shown as far as it goes. */
  readonly truncated: (typeof TRUNCATED)[number];
}

export const TRUNCATED = ["refuse", "allow"] as const;

export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  maxPixels: 72_000_000, // panoramas of phones have up to 64
  maxJpegPixels: 210_000_000, // cameras of phones have up to 200
  maxAvifPixels: 24_000_000,
  maxSide: 16_384,
  slowPixels: 2_000_000, // half a second
  truncated: "refuse",
};
