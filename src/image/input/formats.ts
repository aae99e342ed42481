import type { ColorSpace } from "../color/color-space.ts";
import type { Size } from "../plan/sizes.ts";
import { admitAvif } from "./avif/brand.ts";
import { hasPremultipliedAlpha } from "./avif/alpha.ts";
import { readAvifColor } from "./avif/color.ts";
import type { ClearedGif } from "./gif.ts";
import { clearCanvas, hasSeveralFrames } from "./gif.ts";
import { admitJpeg, fillJpegBlocks, readJpegHeader } from "./jpeg/header.ts";
import { dropFineScans } from "./jpeg/coarse.ts";
import type { ImageLimits } from "./limits.ts";
import { admitPng, hasDeepPixels, readPngSize } from "./png.ts";
import { readPngColor } from "./png-color.ts";
import { admitWebp, isAnimatedWebp, readWebpSize } from "./webp.ts";

/** A format that is read. */
export interface InputRow {
  /** Its name in messages. */
  readonly label: string;
  readonly mediaType: string;
  /** Extensions of file names in lower case. Descriptions name the format by the first one. */
  readonly extensions: readonly [string, ...string[]];
  /** Tells whether a file is of this format by its first 512 bytes, in latin1. */
  readonly matches: (start: string) => boolean;
  /** The loaders of libvips that it needs. All others stay closed. */
  readonly loaders: readonly string[];
  /** The limit of pixels, where it is not that of all formats. */
  readonly limitPixels?: (limits: ImageLimits, header?: InputHeader) => PixelLimit;
  /**
   * Checks what libvips does not bound, and gives the bytes without those that only take time to read.
   *
   * @throws MediaError `unusable_original`
   */
  readonly admit?: (bytes: Uint8Array) => Uint8Array;
  /** Reads the size that a file claims, for which libvips might allocate memory or takes longer. */
  readonly readHeader?: (bytes: Uint8Array) => InputHeader | undefined;
  /**
   * Reads the colour space that a file names by numbers, and not by a profile; `undefined` where it is sRGB, or where a
   * profile that the decoder can read counts before it.
   */
  readonly readColor?: (bytes: Uint8Array, hasProfile: boolean) => ColorSpace | undefined;
  /** Has libvips leave clear what no frame covers; `undefined` where it does so by itself. */
  readonly clearCanvas?: (bytes: Uint8Array) => ClearedGif | undefined;
  readonly hasAlpha: boolean;
  /** True if colours are multiplied by alpha, which libvips does not look for. */
  readonly isPremultiplied?: (bytes: Uint8Array) => boolean;
  /** Tells by the first bytes of a file whether it may have several frames. Absent for formats that have one. */
  readonly mayMove?: (bytes: Uint8Array) => boolean;
  /**
   * How sharp decodes it: all of its pixels; `reduced` by 2, 4 or 8 where less is enough; or `resized` to the very size
   * that a variant needs. Variants share what is decoded at one scale, and so never what is resized.
   */
  readonly decoding: "whole" | "reduced" | "resized";
  /** Guesses cheaply whether channels have 16 bits. sharp scales them as they are, so no decode is shared. */
  readonly isDeep?: (bytes: Uint8Array) => boolean;
  /** Drops what a decode at an eighth makes no use of. */
  readonly dropFineDetail?: (bytes: Uint8Array) => Uint8Array;
  /**
   * Raises the size that a file claims to a multiple of a factor of `reduced`, up to all of the pixels that it holds. A
   * decoder would drop the rest of a side. `undefined` where the file may hold less.
   */
  readonly fillBlocks?: (bytes: Uint8Array, factor: number) => Uint8Array | undefined;
}

/** A limit of pixels, and the variable that sets it. */
export interface PixelLimit {
  readonly pixels: number;
  readonly variable: string;
}

/** The limit of all formats that have none of their own. */
export function limitPixels({ maxPixels }: ImageLimits): PixelLimit {
  return { pixels: maxPixels, variable: "MAX_ORIGINAL_PIXELS" };
}

export interface InputHeader extends Size {
  /** As in Exif, from 1 to 8. */
  readonly orientation?: number;
  /** The size is all there is to know: channels have 8 bits, and there is no alpha and no metadata. */
  readonly isPlain?: boolean;
  /** Its decoder gives rows in their order, and holds no more than a few of them. */
  readonly isStreamed?: boolean;
}

export type InputFormat = "jpeg" | "png" | "webp" | "gif" | "avif";

/** The formats that are read, one row each. */
export const INPUTS: Readonly<Record<InputFormat, InputRow>> = {
  jpeg: {
    label: "JPEG",
    mediaType: "image/jpeg",
    extensions: ["jpg", "jpeg"],
    matches: startsWith("\xff\xd8\xff"),
    // the one of files is for temp files of this process: sharp is given no other path
    loaders: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadJpegFile"],
    limitPixels: (limits, header) =>
      header?.isStreamed
        ? { pixels: limits.maxJpegPixels, variable: "MAX_JPEG_PIXELS" }
        : limitPixels(limits),
    admit: admitJpeg,
    readHeader: readJpegHeader,
    hasAlpha: false,
    decoding: "reduced",
    dropFineDetail: dropFineScans,
    fillBlocks: fillJpegBlocks,
  },
  png: {
    label: "PNG",
    mediaType: "image/png",
    extensions: ["png"],
    matches: startsWith("\x89PNG\r\n\x1a\n"),
    loaders: ["VipsForeignLoadPngBuffer"],
    admit: admitPng,
    readHeader: readPngSize,
    readColor: readPngColor,
    hasAlpha: true,
    decoding: "whole",
    isDeep: hasDeepPixels,
  },
  webp: {
    label: "WebP",
    mediaType: "image/webp",
    extensions: ["webp"],
    matches: startsWith("RIFF....WEBP"),
    loaders: ["VipsForeignLoadWebpBuffer"],
    admit: admitWebp,
    readHeader: readWebpSize,
    hasAlpha: true,
    mayMove: isAnimatedWebp,
    decoding: "resized",
  },
  gif: {
    label: "GIF",
    mediaType: "image/gif",
    extensions: ["gif"],
    matches: startsWith("GIF87a", "GIF89a"),
    loaders: ["VipsForeignLoadNsgifBuffer"],
    clearCanvas,
    hasAlpha: true,
    mayMove: hasSeveralFrames,
    decoding: "whole",
  },
  avif: {
    label: "AVIF",
    mediaType: "image/avif",
    extensions: ["avif"],
    matches: hasBrand("avif", "avis"),
    loaders: ["VipsForeignLoadHeifBuffer"],
    admit: admitAvif,
    limitPixels: (limits) =>
      limits.maxAvifPixels < limits.maxPixels
        ? { pixels: limits.maxAvifPixels, variable: "MAX_AVIF_PIXELS" }
        : limitPixels(limits),
    readColor: readAvifColor,
    isPremultiplied: hasPremultipliedAlpha,
    hasAlpha: true,
    decoding: "whole",
  },
};

const INPUT_FORMATS = Object.keys(INPUTS) as InputFormat[]; // the keys of a constant

/** Tells the format of a file by its first bytes; `undefined` for what is not read. */
export function sniffFormat(bytes: Uint8Array): InputFormat | undefined {
  const start = readStart(bytes);
  return INPUT_FORMATS.find((format) => INPUTS[format].matches(start));
}

/** The media type of an image that is read; `undefined` for anything else. */
export function sniffMediaType(bytes: Uint8Array): string | undefined {
  const format = sniffFormat(bytes);
  return format && INPUTS[format].mediaType;
}

const EXTENSIONS: ReadonlySet<string> = new Set(
  Object.values(INPUTS).flatMap(({ extensions }): readonly string[] => extensions),
);

/** True for a key with the extension of an image that is read. */
export function isImageKey(key: string): boolean {
  return EXTENSIONS.has(/\.([^./]*)$/.exec(key)?.[1]?.toLowerCase() ?? "");
}

/** Formats that are recognized to be refused by name. */
const REFUSED: readonly (Pick<InputRow, "label" | "matches"> & { readonly reason?: string })[] = [
  { label: "TIFF", matches: startsWith("II*\0", "MM\0*") },
  { label: "BMP", matches: startsWith("BM") },
  { label: "PDF", matches: startsWith("%PDF-") },
  { label: "PSD", matches: startsWith("8BPS") },
  { label: "JXL", matches: startsWith("\xff\x0a", "\0\0\0\x0cJXL ") },
  { label: "ICO", matches: startsWith("\0\0\x01\0") },
  {
    label: "HEIC",
    matches: hasBrand(..."heic heix hevc hevx heim heis hevm hevs mif1 msf1".split(" ")),
    reason: "whose HEVC codec is not free and not part of this service",
  },
  {
    label: "SVG",
    matches: (start) => /^\s*(?:\xef\xbb\xbf)?\s*<(?:\?xml|svg|!doctype svg)/i.test(start),
  },
];

/** Says what a file is that is not read, and what is. */
export function explainRefusal(bytes: Uint8Array): string {
  const labels = INPUT_FORMATS.map((format) => INPUTS[format].label);
  const accepted = `${labels.slice(0, -1).join(", ")} and ${labels.at(-1)} originals are accepted`;
  const start = readStart(bytes);
  const found = REFUSED.find(({ matches }) => matches(start));
  if (!found) return `the original is no known image; ${accepted}`;
  const { label, reason } = found;
  return `the original is ${label}${reason ? `, ${reason}` : ""}; ${accepted}`;
}

function readStart({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, Math.min(length, 512)).toString("latin1");
}

/** @param signatures magic numbers; `.` stands for any byte */
function startsWith(...signatures: readonly string[]): InputRow["matches"] {
  return (start) =>
    signatures.some((signature) =>
      signature.split("").every((byte, index) => byte === "." || start[index] === byte),
    );
}

/** Looks among the brands of an ISO base media file: the major one, and the compatible ones after its version. */
function hasBrand(...brands: readonly string[]): InputRow["matches"] {
  return (start) => {
    if (start.slice(4, 8) !== "ftyp") return false;
    const size = Buffer.from(start, "latin1").readUInt32BE(0);
    const compatible = start.slice(16, Math.min(size, start.length)).match(/.{4}/gs) ?? [];
    return [start.slice(8, 12), ...compatible].some((brand) => brands.includes(brand));
  };
}
