import type { Metadata, Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import type { TransformSpec } from "../../transform/spec.ts";
import { canDecodeSmaller, openSmaller } from "../sharp/engine.ts";
import type { ImageLimits, InputFormat } from "./admit.ts";
import { admitOriginal, checkDimensions } from "./admit.ts";
import { noteGarbage } from "../sharp/memory-pressure.ts";
import type { Plan } from "../plan/geometry.ts";
import { dropFineScans } from "./jpeg-coarse.ts";
import { readPlainJpegSize } from "./jpeg-header.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { toPixels } from "../sharp/pixels.ts";
import { shrinkOnLoad } from "../plan/shrink-on-load.ts";
import type { Size } from "../plan/sizes.ts";
import { lendAsFile } from "../sharp/temp-file.ts";
import { readWebpSize } from "./webp-size.ts";

/** What matters here of what libvips says of an image. */
export type Facts = Pick<
  Metadata,
  | "width"
  | "height"
  | "autoOrient"
  | "orientation"
  | "hasAlpha"
  | "depth"
  | "icc"
  | "pages"
  | "delay"
  | "loop"
> &
  Partial<Pick<Metadata, "space">>;

/** The same of every JPEG of which there is no more to know than its size. */
const PLAIN = { hasAlpha: false, depth: "uchar" } as const;

/** An image that was let in, and of which only the header has been read. */
export interface Original {
  readonly format: InputFormat;
  /** In bytes. */
  readonly length: number;
  readonly metadata: Facts;
  /** Upright, unless it is to be left as it is. */
  readonly size: Size;
  /** As in EXIF, from 1 to 8: how it is to be turned. */
  readonly orientation: number;
  /** Begins a pipeline with its first frame, of this size, and unless told otherwise in sRGB. */
  read(options?: SharpOptions): Sharp;
  /** Begins one for `scale` by this plan, and nothing before it: it may have no more than is seen at that size. */
  readFor(plan: Plan, options?: SharpOptions): Sharp;
  /**
   * Decodes its first frame, as it is stored, to the pixels that sharp scales for every plan of this `shrinkOnLoad`;
   * `undefined` where they cannot be had by themselves.
   *
   * @throws Error when any of them is broken, or there is too little memory
   */
  decode(shrink: number): Promise<Pixels | undefined>;
  /** Begins one with all of its frames, above each other and as they are stored. */
  readFrames(): Sharp;
}

/**
 * @throws MediaError `unsupported_original` or `unusable_original` for what must not reach a decoder.
 */
export async function openOriginal(
  original: Uint8Array,
  spec: TransformSpec,
  limits: ImageLimits,
): Promise<Original> {
  const { format, bytes } = admitOriginal(original);
  const claimed = format === "webp" ? readWebpSize(bytes) : undefined;
  if (claimed) checkDimensions(claimed, format, limits);
  const shouldOrient = spec.rotate !== "ignore";
  const options: SharpOptions = {
    // real cameras write harmless marker noise, which is a "warning"; truncation is an "error"
    failOn: "error",
    limitInputPixels: limits.maxPixels,
  };
  const plain = format === "jpeg" ? readPlainJpegSize(bytes) : undefined;
  // the header alone is read, and our own check names both the size and the limit
  const metadata: Facts = plain
    ? { ...PLAIN, ...plain, autoOrient: plain }
    : await sharp(bytes, { ...options, limitInputPixels: false }).metadata();
  checkDimensions(metadata, format, limits);
  const { width, height } = shouldOrient ? metadata.autoOrient : metadata;
  const size = { width, height };
  // libvips flattens grey on the red of a background, and sharp leaves 16 bits in Display P3
  const isFlawed = metadata.hasAlpha || metadata.depth === "ushort";
  const begin = (from: Uint8Array, more?: SharpOptions): Sharp => {
    const source = sharp(from, { ...options, autoOrient: shouldOrient, ...more });
    return isFlawed ? source.pipelineColourspace("srgb") : source;
  };
  const bytesFor = (shrink: number): Uint8Array => {
    if (shrink !== 8 || format !== "jpeg" || isFlawed) return bytes;
    const coarse = dropFineScans(bytes);
    if (coarse !== bytes) noteGarbage(coarse.length);
    return coarse;
  };
  return {
    format,
    length: original.length,
    metadata,
    size,
    orientation: shouldOrient ? (metadata.orientation ?? 1) : 1,
    read: (more) => begin(bytes, more),
    readFor: (plan, more) => begin(bytesFor(shrinkOnLoad(size, plan)), more),
    decode: async (shrink) => {
      if (shrink === 1) return toPixels(begin(bytes, { autoOrient: false }));
      if (!canDecodeSmaller()) return undefined;
      // what libvips is to count are the pixels that it decodes
      const limitInputPixels = Math.ceil(size.width / shrink) * Math.ceil(size.height / shrink);
      const smaller = { ...options, limitInputPixels };
      return lendAsFile(bytesFor(shrink), (path) => toPixels(openSmaller(path, shrink, smaller)));
    },
    readFrames: () => sharp(bytes, { ...options, animated: true }),
  };
}
