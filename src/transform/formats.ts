/** Formats that an image comes in, by the name that `f_` and the stored file name use. */
export type ImageFormat = "jpg" | "png" | "webp" | "avif" | "gif";
/** `json` tells an original's size, format and colours; the hashes are placeholders of some 30 characters. */
export type DescriptionFormat = "json" | "thumbhash" | "blurhash";
/** A format that variants come in. */
export type OutputFormat = ImageFormat | DescriptionFormat;

/** The facts of one image format; the image processes have a row with its encoder. */
export interface FormatFacts {
  readonly mediaType: string;
  /** Other names, in `f_` and as the extension of a key. */
  readonly aliases?: readonly string[];
  /** The largest output, in pixels of one frame. */
  readonly maxPixels: number;
  readonly hasAlpha: boolean;
  /** Holds an animation, so that `fl_still` counts. */
  readonly hasMotion: boolean;
  /** Has a quality, so that `q_` counts. */
  readonly hasQuality: boolean;
  /** Can be lossless, so that `fl_lossless` counts. */
  readonly hasLossless: boolean;
  /** Can show a first impression early, so that `fl_progressive` counts. */
  readonly hasProgressive: boolean;
  /** Holds a colour profile, so that `fl_keep_icc` counts. */
  readonly hasProfile: boolean;
  /** Its place in the default preference of `f_auto`, best first. `f_auto` never prefers a format without one. */
  readonly autoRank?: number;
  /** The output for a key with this extension, under `f_auto`, when the client accepts no preferred format. */
  readonly fallback: ImageFormat;
}

/** A fact that an option needs, without which it changes nothing. */
export type FormatFeature = Extract<keyof FormatFacts, `has${string}`>;

/** Largest output in pixels, where the encoder sets no lower limit. */
const MAX_PIXELS = 40_000_000;

/** One row for each format that an image comes in. */
export const FORMATS: Readonly<Record<ImageFormat, FormatFacts>> = {
  jpg: {
    mediaType: "image/jpeg",
    aliases: ["jpeg"],
    maxPixels: MAX_PIXELS,
    hasAlpha: false,
    hasMotion: false,
    hasQuality: true,
    hasLossless: false,
    hasProgressive: true,
    hasProfile: true,
    fallback: "jpg",
  },
  png: {
    mediaType: "image/png",
    maxPixels: MAX_PIXELS,
    hasAlpha: true,
    hasMotion: false,
    hasQuality: false, // sharp would make it a palette
    hasLossless: false, // it always is
    hasProgressive: true,
    hasProfile: true,
    fallback: "png",
  },
  webp: {
    mediaType: "image/webp",
    maxPixels: MAX_PIXELS,
    hasAlpha: true,
    hasMotion: true,
    hasQuality: true,
    hasLossless: true,
    hasProgressive: false,
    hasProfile: true,
    autoRank: 2,
    fallback: "jpg",
  },
  avif: {
    mediaType: "image/avif",
    maxPixels: 9_000_000, // the encoder takes several times the memory of the others
    hasAlpha: true,
    hasMotion: false,
    hasQuality: true,
    hasLossless: true,
    hasProgressive: false,
    hasProfile: true,
    autoRank: 1,
    fallback: "jpg",
  },
  gif: {
    mediaType: "image/gif",
    maxPixels: 8_000_000, // the encoder takes several times the time of the others
    hasAlpha: true,
    hasMotion: true,
    hasQuality: false,
    hasLossless: false,
    hasProgressive: false,
    hasProfile: false,
    fallback: "gif",
  },
};

/** Media types of the formats that describe an original instead of showing it. */
const DESCRIPTIONS: Readonly<Record<DescriptionFormat, string>> = {
  json: "application/json",
  thumbhash: "text/plain",
  blurhash: "text/plain",
};

export const IMAGE_FORMATS: readonly ImageFormat[] = Object.keys(FORMATS) as ImageFormat[]; // exactly these keys
export const DESCRIPTION_FORMATS: readonly DescriptionFormat[] = Object.keys(
  DESCRIPTIONS,
) as DescriptionFormat[]; // exactly these keys

/** The formats that `f_auto` may prefer, best first. */
export const AUTO_FORMATS: readonly ImageFormat[] = IMAGE_FORMATS.filter(
  (format) => FORMATS[format].autoRank,
).toSorted((a, b) => Number(FORMATS[a].autoRank) - Number(FORMATS[b].autoRank));

/** True for a format that shows the image, false for one that describes it. */
export function isImageFormat(format: OutputFormat | "auto"): format is ImageFormat | "auto" {
  return !Object.hasOwn(DESCRIPTIONS, format);
}

/** Descriptions have no feature at all. */
export function hasFeature(format: OutputFormat, feature: FormatFeature): boolean {
  return isImageFormat(format) && FORMATS[format]?.[feature];
}

/** Finds the image format that a word names: its name, or an alias. */
export function findImageFormat(word: string): ImageFormat | undefined {
  return IMAGE_FORMATS.find((format) => format === word || FORMATS[format].aliases?.includes(word));
}

/** The media type that answers and stored variants have. */
export function getMediaType(format: OutputFormat): string {
  return isImageFormat(format) ? FORMATS[format].mediaType : DESCRIPTIONS[format];
}

/** The largest output of a format, in pixels; under `f_auto` that of most formats. */
export function getMaxPixels(format: OutputFormat | "auto"): number {
  return isImageFormat(format) && format !== "auto" ? FORMATS[format].maxPixels : MAX_PIXELS;
}
