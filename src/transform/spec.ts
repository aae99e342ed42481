import type { OutputFormat } from "./formats.ts";

/** How an image meets its target box. */
export type Mode = "lfill" | "limit" | "fill" | "fit" | "lpad" | "pad" | "scale";

export interface ModeFacts {
  /** `cover` crops to the box, `inside` keeps within it, `pad` extends to it, `stretch` distorts. */
  readonly fitting: "cover" | "inside" | "pad" | "stretch";
  readonly enlarges: boolean;
  /** The mode of the same fitting that enlarges. */
  readonly enlarged: Mode;
}

/** One row for each mode; programs that are not type-checked may ask for others. */
export const MODE_FACTS: Readonly<Record<string, ModeFacts>> = {
  lfill: { fitting: "cover", enlarges: false, enlarged: "fill" },
  limit: { fitting: "inside", enlarges: false, enlarged: "fit" },
  fill: { fitting: "cover", enlarges: true, enlarged: "fill" },
  fit: { fitting: "inside", enlarges: true, enlarged: "fit" },
  lpad: { fitting: "pad", enlarges: false, enlarged: "pad" },
  pad: { fitting: "pad", enlarges: true, enlarged: "pad" },
  scale: { fitting: "stretch", enlarges: true, enlarged: "scale" },
} satisfies Readonly<Record<Mode, ModeFacts>>;

export const MODES: readonly Mode[] = Object.keys(MODE_FACTS) as Mode[]; // exactly these keys

/** The nine fixed positions, row by row. */
export const COMPASS_POINTS = [
  "north_west",
  "north",
  "north_east",
  "west",
  "center",
  "east",
  "south_west",
  "south",
  "south_east",
] as const;
/** One of the nine fixed positions. */
export type Compass = (typeof COMPASS_POINTS)[number];

/** Turns a compass point into fractions (0 to 1) of the width and height. */
export function toPoint(compass: Compass): FocalPoint {
  const index = COMPASS_POINTS.indexOf(compass);
  return { x: (index % 3) / 2, y: Math.floor(index / 3) / 2 };
}

/** A point as fractions (0 to 1) of the width and height of the upright original. */
export interface FocalPoint {
  readonly x: number;
  readonly y: number;
}

/** The part that a crop keeps, and the place of an image in its padding; `auto` finds what draws attention. */
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

/** Effects, which always run in the order of their rows in `OPTIONS`. */
export interface Effects {
  /** 15 to 2000: the sigma is a fiftieth of this, in pixels of the result. */
  readonly blur?: number;
  /** 1 to 100: the sigma is a tenth of this. */
  readonly sharpen?: number;
  /** Side of the blocks, 2 to 200 pixels of the result. */
  readonly pixelate?: number;
  /** Per cent, -99 to 100. */
  readonly brightness?: number;
  /** Per cent around middle grey, -99 to 100. */
  readonly contrast?: number;
  /** Per cent, -99 to 100. */
  readonly saturation?: number;
  /** Degrees, -180 to 180. */
  readonly hue?: number;
  /** 0.34 to 3: above 1 brightens the middle tones. */
  readonly gamma?: number;
  /** Per cent, 1 to 100. */
  readonly sepia?: number;
  /** Everything takes the hue of this opaque colour, and keeps its own lightness. */
  readonly tint?: Color;
  readonly grayscale?: true;
  readonly negate?: true;
}

/** A transform as the grammar has it. Absent fields leave the original as it is. */
export interface TransformSpec extends Effects {
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
  /** Cut off borders of the corner's colour before anything else: 0 to 255 is the tolerance. */
  readonly trim?: number;
  /** After resizing. Default: 0, with the EXIF orientation applied first. */
  readonly rotate?: Rotation;
  /** After resizing, before rotation. */
  readonly flip?: Flip;
  /** Of padding and corners, and behind alpha: `ff0000`. Default: transparent, white for JPEG. */
  readonly background?: Color;
  /** Of the corners, 1 to 4096 pixels of the result; `max` gives an ellipse. */
  readonly radius?: number | "max";
  /** Default: by the extension of the key. `auto` depends on the client. */
  readonly format?: OutputFormat | "auto";
  /** Default: `good`. */
  readonly quality?: Quality;
  /** The default, for URLs and programs that ask for it: an animation stays one, as GIF or WebP. */
  readonly animated?: true;
  /** To WebP or AVIF. */
  readonly lossless?: true;
  /** A JPEG or PNG that shows early what it will be. */
  readonly progressive?: true;
  /** The first frame of an animation. Default: all of them, to GIF or WebP. */
  readonly still?: true;
  /** To be saved by browsers, and not shown. */
  readonly attachment?: true;
  /** Keeps the colour profile of the original, and its colours as they are in it. */
  readonly keepIcc?: true;
  /** Names a version of the original: letters, digits and hyphens. No effect on pixels. */
  readonly version?: string;
  /** Device pixel ratio, 0.5 to 5, at most two decimals: multiplies width, height and radius. */
  readonly dpr?: number;
  /** Names of configured transforms that this one is laid over, left to right. */
  readonly presets?: readonly string[];
  /** Unix time in seconds when a signed URL expires. */
  readonly expires?: number;
}

/** The largest output side, in pixels. */
export const MAX_SIDE = 8192;

/** Transforms by name. */
export type Presets = ReadonlyMap<string, TransformSpec>;
