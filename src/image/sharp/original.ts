import type { Metadata, Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import type { TransformSpec } from "../../transform/spec.ts";
import { admitOriginal, checkDimensions, checkHeld } from "../input/admit.ts";
import type { InputFormat, InputHeader, InputRow } from "../input/formats.ts";
import { INPUTS } from "../input/formats.ts";
import type { ClearedGif } from "../input/gif.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import { takesOnePass } from "../plan/passes.ts";
import { findLoadShrink } from "../plan/shrink-on-load.ts";
import type { Size } from "../plan/sizes.ts";
import { convertNumbers, leadToSrgb } from "./colors.ts";
import { completeOriginal } from "./complete.ts";
import { noteGarbage } from "./memory-pressure.ts";
import type { Pixels } from "./pixels.ts";
import { toPixels } from "./pixels.ts";
import type { Decoded } from "./reduced.ts";
import { decodeReduced } from "./reduced.ts";
import { straightenAlpha } from "./straight-alpha.ts";

/** The metadata of an image that matters here, as sharp reports it. */
export type ImageFacts = Pick<
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
  Partial<Pick<Metadata, "space" | "isPalette">>;

/** The beginning of a pipeline. */
export interface ImageSource {
  readonly image: Sharp;
  readonly size: Size;
}

/** An image that was admitted, and of which only the header has been read. */
export interface Original {
  readonly format: InputFormat;
  readonly input: InputRow;
  /** In bytes. */
  readonly length: number;
  readonly metadata: ImageFacts;
  /** Upright, unless the spec ignores the orientation. */
  readonly size: Size;
  /** It is shown as far as it goes. */
  readonly isTruncated: boolean;
  /** As in Exif, from 1 to 8: how the image has to be turned. */
  readonly orientation: number;
  /**
   * Begins a pipeline for all pixels of the first frame, in sRGB unless `options` say otherwise.
   *
   * @throws MediaError `unusable_original` when they are too many to be held at once
   */
  read(options?: SharpOptions): Sharp;
  /** Begins one that `scale` carries this plan out on first: it may lack detail that no such result shows. */
  readFor(plan: ImagePlan, options?: SharpOptions): ImageSource;
  /**
   * Decodes the first frame, reduced by 1, 2, 4 or 8, to the pixels that sharp scales for every plan of this factor;
   * `undefined` where sharp gives no such pixels.
   *
   * @throws Error when any of them is broken, or there is too little memory
   */
  decode(shrink: number, options?: SharpOptions): Promise<Decoded | undefined>;
  /** The same for a plan that `readFor` cannot serve: sharp loses the rest of a side that cannot be divided. */
  decodeFor(plan: ImagePlan, options?: SharpOptions): Promise<Decoded | undefined>;
  /** How many frames the decoder makes, with those that only clear others. */
  readonly decodedFrames: number;
  /** Decodes all frames, above each other and as they are stored. */
  decodeFrames(): Promise<Pixels>;
}

/**
 * Admits an original and reads its header.
 *
 * @throws MediaError `unsupported_original` or `unusable_original` for what must not reach a decoder
 */
export async function openImage(
  original: Uint8Array,
  spec: TransformSpec,
  limits: ImageLimits,
): Promise<Original> {
  const { format, bytes: admitted } = admitOriginal(original);
  const input = INPUTS[format];
  const { bytes: cleared, added } = clear(input, admitted);
  if (cleared !== original) noteGarbage(original.length);
  const shouldOrient = spec.rotate !== "ignore";
  const strict: SharpOptions = {
    // real cameras write harmless marker noise, which is a "warning"; truncation is an "error"
    failOn: "error",
    limitInputPixels: Math.max(limits.maxPixels, limits.maxJpegPixels),
  };
  const header = input.readHeader?.(admitted);
  if (header) checkDimensions(header, limits, { format, header });
  // libvips reads the header alone, and our own check names both the size and the limit
  const decoded =
    toFacts(header) ?? (await sharp(cleared, { ...strict, limitInputPixels: false }).metadata());
  const stored = dropFacts(decoded, added);
  checkDimensions(stored, limits, { format, header });
  const completed = await completeOriginal(cleared, format, limits);
  const { isTruncated } = completed;
  const options: SharpOptions = isTruncated ? { ...strict, failOn: "none" } : strict;
  const converted = await convertNumbers(completed.bytes, format, stored);
  const { bytes, metadata } = await straightenAlpha(converted, input);
  const { width, height } = shouldOrient ? metadata.autoOrient : metadata;
  const size = { width, height };
  const orientation = shouldOrient ? (metadata.orientation ?? 1) : 1;
  const held = describeHeld(metadata, format, header);
  const { pages: decodedFrames = 1 } = decoded;
  const firstFrame = selectFirst(added);
  const begin = (from: Uint8Array, more?: SharpOptions): Sharp => {
    const source = sharp(from, { ...options, ...firstFrame, autoOrient: shouldOrient, ...more });
    return leadToSrgb(source, more?.ignoreIcc ? { ...metadata, icc: undefined } : metadata);
  };
  const selectBytes = (shrink: number): Uint8Array => {
    if (shrink !== 8 || !input.dropFineDetail) return bytes;
    const coarse = input.dropFineDetail(bytes);
    if (coarse !== bytes) noteGarbage(coarse.length);
    return coarse;
  };
  const planDecode = (plan: ImagePlan): { shrink: number; reduced: Size } => {
    const shrink = input.decoding === "reduced" ? findLoadShrink(size, plan) : 1;
    return { shrink, reduced: { width: width / shrink, height: height / shrink } };
  };
  const decodeWhole = async (more?: SharpOptions): Promise<Decoded> => {
    checkHeld(size, held);
    const pixels = await toPixels(begin(bytes, { ...more, autoOrient: false }));
    return { shrink: 1, pixels, size: pixels };
  };
  const decode = async (shrink: number, more?: SharpOptions): Promise<Decoded | undefined> => {
    if (shrink === 1) return decodeWhole(more);
    const reading = { options: { ...options, ...more }, size: stored, shrink };
    const isDivided = stored.width % shrink === 0 && stored.height % shrink === 0;
    const coarse = selectBytes(shrink);
    if (isDivided) return decodeReduced(coarse, reading);
    const filled = input.fillBlocks?.(coarse, shrink);
    if (!filled) return decodeWhole(more);
    noteGarbage(filled.length);
    return decodeReduced(filled, reading);
  };
  return {
    format,
    input,
    length: original.length,
    isTruncated,
    metadata,
    size,
    orientation,
    read: (more) => {
      checkHeld(size, held);
      return begin(bytes, more);
    },
    readFor: (plan, more) => {
      const { shrink, reduced } = planDecode(plan);
      const isStored = more?.autoOrient === false && orientation > 4;
      const turned = { width: reduced.height, height: reduced.width };
      return { image: begin(selectBytes(shrink), more), size: isStored ? turned : reduced };
    },
    decode,
    decodeFor: async (plan, more) => {
      const { shrink, reduced } = planDecode(plan);
      const isDivided = Number.isInteger(reduced.width) && Number.isInteger(reduced.height);
      // sharp would choose its factor for the first of several passes
      const isServed = isDivided && takesOnePass(reduced, plan.resize);
      return shrink === 1 || isServed ? undefined : decode(shrink, more);
    },
    decodedFrames,
    decodeFrames: async () => {
      const strip = await toPixels(sharp(bytes, { ...options, animated: true }));
      return dropFrames(strip, decodedFrames, added);
    },
  };
}

function clear({ clearCanvas }: InputRow, bytes: Uint8Array): ClearedGif {
  return clearCanvas?.(bytes) ?? { bytes, added: new Set() };
}

function selectFirst(added: ReadonlySet<number>): SharpOptions {
  return added.has(0) ? { page: 1 } : {};
}

/** Leaves the facts of the original's own frames. */
function dropFacts(facts: ImageFacts, added: ReadonlySet<number>): ImageFacts {
  if (added.size === 0) return facts;
  const { pages = 1, delay } = facts;
  const isOwn = (_: number, page: number): boolean => !added.has(page);
  return { ...facts, pages: pages - added.size, ...(delay && { delay: delay.filter(isOwn) }) };
}

/** Takes frames out of a strip, in place. */
function dropFrames(strip: Pixels, count: number, added: ReadonlySet<number>): Pixels {
  if (added.size === 0) return strip;
  const bytes = strip.data.length / count;
  let kept = 0;
  for (let page = 0; page < count; page += 1) {
    if (added.has(page)) continue;
    strip.data.copyWithin(kept * bytes, page * bytes, (page + 1) * bytes);
    kept += 1;
  }
  const data = strip.data.subarray(0, kept * bytes);
  return { ...strip, data, height: (strip.height / count) * kept };
}

function describeHeld(
  { hasAlpha }: ImageFacts,
  format: InputFormat,
  header: InputHeader | undefined,
): Parameters<typeof checkHeld>[1] {
  const isStreamed = format !== "jpeg" || header?.isStreamed === true;
  return { channels: hasAlpha ? 4 : 3, isStreamed };
}

/** The metadata of an image of which its size is all there is to know. */
function toFacts(header: InputHeader | undefined): ImageFacts | undefined {
  if (!header?.isPlain) return undefined;
  const { width, height } = header;
  return { width, height, autoOrient: { width, height }, hasAlpha: false, depth: "uchar" };
}
