import { AUTO_FORMATS, FORMATS } from "../transform/formats.ts";
import { getFallbackFormat, listKeyFormats } from "../transform/negotiate.ts";
import { multiply } from "../transform/normalize.ts";
import type { ImageFormat } from "../transform/formats.ts";
import { MAX_SIDE } from "../transform/spec.ts";
import type { ImageTransform, Transform } from "../transform/transform.ts";
import { toSpec } from "../transform/transform.ts";
import type { Candidates } from "./srcset.ts";

/** Widths of a `srcset`, in pixels: common screens, and half of them. */
const WIDTHS = [320, 480, 640, 750, 828, 1080, 1280, 1600, 1920, 2560, 3840];

/** A transform, and how the image stands on the page. */
export interface ImgOptions extends Omit<ImageTransform, "dpr"> {
  /** The widths to offer, in pixels. Default: common ones up to twice `width`. */
  readonly widths?: readonly number[] | undefined;
  /** The attribute `sizes`. Default: by the layout. */
  readonly sizes?: string | undefined;
  /**
   * `constrained`: as wide as `width`, narrower where there is less room. `fixed`: always `width`.
   * `full`: as wide as the page. Default: `constrained` with a width, `fixed` with a height or presets
   * alone, otherwise `full`.
   */
  readonly layout?: "constrained" | "fixed" | "full" | undefined;
}

/** Attributes of an `<img>`; width and height are those of the page, in CSS pixels. */
export interface ImgAttributes {
  readonly src: string;
  readonly srcset: string;
  readonly sizes?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface PictureOptions extends ImgOptions {
  /** Formats of the `<source>` elements, best first. Default: AVIF and WebP; of GIFs, and with `animated`, WebP. */
  readonly formats?: readonly ImageFormat[] | undefined;
}

export interface Picture {
  /** Attributes of the `<source>` elements, in their order. */
  readonly sources: readonly {
    readonly type: string;
    readonly srcset: string;
    readonly sizes?: string;
  }[];
  readonly img: ImgAttributes;
}

/** The functions of `createUrls` that an `<img>` is built with. */
interface Builders {
  url(key: string, transform?: Transform): string;
  srcset(key: string, transform: Transform, candidates: Candidates): string;
}

/** Builds the attributes of an `<img>`. */
export function buildImg(
  { url, srcset }: Builders,
  key: string,
  { widths, sizes, layout, ...transform }: ImgOptions,
): ImgAttributes {
  const { width } = transform;
  const height = transform.height ?? deriveHeight(transform);
  const box = { ...(width && { width }), ...(height && { height }) };
  const src = url(key, transform);
  const isFixed = layout === "fixed" || !hasShape(transform);
  if (isFixed && !widths) return { src, srcset: srcset(key, transform, {}), ...box };
  const most = layout === "full" ? undefined : width;
  const srcs = srcset(key, transform, { widths: widths ?? chooseWidths(most) });
  return { src, srcset: srcs, sizes: sizes ?? printSizes(most), ...box };
}

/** The height alone, or that of a preset, would give each width another shape. */
function hasShape({ width, height, presets }: ImageTransform): boolean {
  return Boolean(width) || !(height ?? presets);
}

function printSizes(most: number | undefined): string {
  return most ? `(min-width: ${most}px) ${most}px, 100vw` : "100vw";
}

/** Builds a `<picture>`, of which nothing depends on the `Accept` header. */
export function buildPicture(
  builders: Builders,
  key: string,
  { formats, ...options }: PictureOptions,
): Picture {
  const better = listKeyFormats(key, AUTO_FORMATS).filter(
    (name) => FORMATS[name].hasMotion || !options.animated,
  );
  const sources = (formats ?? better).map((format) => {
    const { srcset, sizes } = buildImg(builders, key, { ...options, format });
    return { type: FORMATS[format].mediaType, srcset, ...(sizes && { sizes }) };
  });
  return {
    sources,
    img: buildImg(builders, key, { ...options, format: getFallbackFormat(key) }),
  };
}

/** The width itself, its double for sharp screens, and the common ones below. */
function chooseWidths(width: number | undefined): readonly number[] {
  if (!width) return WIDTHS;
  const most = Math.min(2 * width, MAX_SIDE);
  const below = WIDTHS.filter((candidate) => candidate < most);
  return [...new Set([...below, width, most])].toSorted((a, b) => a - b);
}

function deriveHeight(transform: Transform): number | undefined {
  const { width, aspectRatio: ratio } = toSpec(transform);
  return width && ratio && multiply(width, ratio.height, ratio.width);
}
