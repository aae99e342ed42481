/** Output formats, by the name that `f_` and the stored file name use. */
export const FORMATS = ["jpg", "png", "webp", "avif", "gif"] as const;
/** A format that variants come in. */
export type OutputFormat = (typeof FORMATS)[number];

/** How the picture meets its target box; see the table of modes in the README. */
export const MODES = ["lfill", "limit", "fill", "fit", "lpad", "pad", "scale"] as const;
/** How a picture meets its target box. */
export type Mode = (typeof MODES)[number];

/** The nine fixed positions, each with its fractions of the width and height. */
export const COMPASS = {
  center: { x: 0.5, y: 0.5 },
  north: { x: 0.5, y: 0 },
  north_east: { x: 1, y: 0 },
  east: { x: 1, y: 0.5 },
  south_east: { x: 1, y: 1 },
  south: { x: 0.5, y: 1 },
  south_west: { x: 0, y: 1 },
  west: { x: 0, y: 0.5 },
  north_west: { x: 0, y: 0 },
} as const;
/** One of the nine fixed positions. */
export type Compass = keyof typeof COMPASS;

/** A point as fractions (0 to 1) of the width and height of the upright original. */
export interface FocalPoint {
  readonly x: number;
  readonly y: number;
}

/** What to keep when cropping, where to place when padding; `auto` is what draws attention. */
export type Gravity = Compass | "auto" | "entropy" | FocalPoint;

/** A ratio of two positive integers in lowest terms. */
export interface Ratio {
  readonly width: number;
  readonly height: number;
}

/** A region of the upright original: all in pixels, or all as fractions (0 to 1) of its sides. */
export interface Crop {
  readonly unit: "pixel" | "fraction";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Clockwise degrees from 0 to 359, or `ignore`: the EXIF orientation is not applied. */
export type Rotation = number | "ignore";

export const FLIPS = ["h", "v", "hv"] as const;
/** Mirrored horizontally, vertically, or both. */
export type Flip = (typeof FLIPS)[number];

/** Levels of quality, best first. */
export const QUALITY_LEVELS = ["best", "good", "eco", "low"] as const;
/** A level of quality that each format translates for itself. */
export type QualityLevel = (typeof QUALITY_LEVELS)[number];
/** 1 to 100, or a level. */
export type Quality = number | QualityLevel;

/** A colour as lower-case hex: `rrggbb`, or `rrggbbaa` when it is not opaque. */
export type Color = string;

/** What to do to an original. Absent fields leave it as it is. Field order is canonical order. */
export interface TransformSpec {
  /** Target width in pixels, 1 to 8192. */
  readonly width?: number;
  /** Target height in pixels, 1 to 8192. */
  readonly height?: number;
  /** With one side it gives the other; alone it crops or, with a padding mode, extends. */
  readonly aspectRatio?: Ratio;
  /** Default: `lfill` with two sides, `limit` with one. */
  readonly mode?: Mode;
  /** Default: `center`. */
  readonly gravity?: Gravity;
  /** Cut out before anything else. */
  readonly crop?: Crop;
  /** After resizing. Default: 0, with the EXIF orientation applied first. */
  readonly rotate?: Rotation;
  /** After resizing, before rotation. */
  readonly flip?: Flip;
  /** Of padding and corners, and through alpha. Default: transparent, white for JPEG. */
  readonly background?: Color;
  /** Default: by the extension of the key. `auto` depends on the client. */
  readonly format?: OutputFormat | "auto";
  /** Default: `good`. */
  readonly quality?: Quality;
  /** Device pixel ratio, 0.5 to 5: multiplies width and height, then goes. */
  readonly dpr?: number;
}

/** The largest output side, in pixels. */
export const MAX_SIDE = 8192;
/**
 * The largest output area of each format, in pixels. Encoders of AVIF take several times the memory of
 * the others, those of GIF several times their time.
 */
export const MAX_PIXELS: Readonly<Record<OutputFormat | "auto", number>> = {
  jpg: 40_000_000,
  png: 40_000_000,
  webp: 40_000_000,
  avif: 12_000_000,
  gif: 8_000_000,
  auto: 40_000_000,
};
