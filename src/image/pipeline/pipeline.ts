import type { Sharp, SharpOptions } from "sharp";
import { MediaError } from "../../errors.ts";
import type { DescriptionFormat, ImageFormat, OutputFormat } from "../../transform/formats.ts";
import { FORMATS, isImageFormat } from "../../transform/formats.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { ImageLimits } from "../input/limits.ts";
import { DESCRIPTIONS, SAMPLE_SIDE } from "../output/description.ts";
import { encodeImage, estimateCost, OUTPUTS } from "../output/formats.ts";
import { countOutputPixels, planGeometry } from "../plan/geometry.ts";
import type { Region } from "../plan/sizes.ts";
import { mayShareDecode } from "../share/decode-group.ts";
import type { Sharing } from "../share/sharing.ts";
import { finishShared } from "../share/sharing.ts";
import { mendOriginal } from "../sharp/complete.ts";
import { releaseGarbage } from "../sharp/memory-pressure.ts";
import type { Original } from "../sharp/original.ts";
import { openImage } from "../sharp/original.ts";
import { materialize, toPixels } from "../sharp/pixels.ts";
import type { Decoded } from "../sharp/reduced.ts";
import { finishImage } from "../steps/finish.ts";
import { attachProfile, chooseProfile } from "../steps/profile.ts";
import { scaleOriginal } from "../steps/scale.ts";
import { cropTo, findContent } from "../steps/trim.ts";
import { animate, countFrames, isMoving } from "./animation.ts";
import { encodeWithPalette } from "./palette.ts";

/** One variant to make. */
export interface TransformJob {
  readonly bytes: Uint8Array;
  /** Normalized for `format`. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
  /** Gives `too_slow` instead of a slow image: see `slowPixels` of the limits. */
  readonly skipIfSlow?: boolean | undefined;
  /** Gives `moves` instead of the first frame of an animation, in a format that holds no more. */
  readonly skipIfMoving?: boolean | undefined;
}

export type TransformResult =
  | {
      readonly kind: "made";
      readonly bytes: Uint8Array;
      /** In pixels; of a description, the size of the part of the original that it describes. */
      readonly width: number;
      readonly height: number;
      /** The original is an animation, and its format holds none. */
      readonly isFirstFrame?: true | undefined;
      /** The original is cut off, and this is what there is of it. */
      readonly isTruncated?: true | undefined;
    }
  | { readonly kind: "too_slow" | "moves" };

type Made = Extract<TransformResult, { kind: "made" }>;

export interface TransformContext {
  readonly limits: ImageLimits;
  /** Pixels that jobs of the same original share. */
  readonly sharing?: Sharing;
  /** Called before a slow image is made, with a description of it. */
  readonly onSlow?: (what: string) => void;
}

/** Largest variant: more than any page needs, and as much as a service can hold of several at once. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** There was not enough memory. Earlier jobs of this process may have caused that. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** Words of libvips and its encoders when an allocation fails. */
const OUT_OF_MEMORY =
  /out of memory|insufficient memory|bufferpool|unable to encode|cannot allocate|bytes failed|failed to allocate|undefined aom/i;

/**
 * Makes the bytes of a variant: admits the original, plans in pixels, carries the plan out, encodes.
 * The result is sRGB and has no metadata, unless the spec keeps the colour profile.
 *
 * @throws MediaError `unsupported_original`, `unusable_original` or `invalid_transform`, or OutOfMemory, and
 * nothing else, whatever the original contains
 */
export async function transformImage(
  job: TransformJob,
  context: TransformContext,
): Promise<TransformResult> {
  try {
    return await transformStored(job, context);
  } catch (error) {
    const bytes = await mendOriginal(job.bytes, error);
    if (!bytes) throw error;
    return transformStored({ ...job, bytes }, context);
  }
}

async function transformStored(
  job: TransformJob,
  context: TransformContext,
): Promise<TransformResult> {
  const { bytes, format, spec } = job;
  await releaseGarbage();
  try {
    const original = await openImage(bytes, spec, context.limits);
    const result = isImageFormat(format)
      ? await makeShown(original, { ...job, format }, context)
      : await makeDescription(original, spec, format);
    const isTruncated = original.isTruncated && result.kind === "made";
    return isTruncated ? { ...result, isTruncated } : result;
  } catch (error) {
    if (error instanceof MediaError) throw error;
    if (OUT_OF_MEMORY.test(String(error))) throw new OutOfMemory(String(error));
    throw new MediaError("unusable_original", "the original cannot be decoded", { cause: error });
  }
}

type ImageJob = TransformJob & { readonly format: ImageFormat };

/** Makes an image, and says whether it is the first frame of an animation that its format cannot hold. */
async function makeShown(
  original: Original,
  job: ImageJob,
  context: TransformContext,
): Promise<TransformResult> {
  const isFirstFrame = isMoving(original) && !FORMATS[job.format].hasMotion;
  if (isFirstFrame && job.skipIfMoving) return { kind: "moves" };
  const result = await makeImages(original, job, context);
  return isFirstFrame && result.kind === "made" ? { ...result, isFirstFrame } : result;
}

/** Makes one image, or all frames of an animation. */
async function makeImages(
  original: Original,
  job: ImageJob,
  context: TransformContext,
): Promise<TransformResult> {
  const { spec, format } = job;
  const frames = countFrames(original, { ...spec, format }, context.limits);
  const pace = choosePace(original, { ...job, frames }, context);
  if (pace === "too_slow") return { kind: "too_slow" };
  const asked = { ...spec, format, isSlow: pace === "slow" };
  const result =
    frames > 1
      ? await makeAnimation(original, asked)
      : await makeImage(original, asked, context.sharing);
  checkBytes(result.bytes, format);
  return result;
}

/** Decides before pixels are touched, and so as if there were nothing to trim. */
function choosePace(
  original: Original,
  { spec, format, frames, skipIfSlow }: ImageJob & { readonly frames: number },
  { limits, onSlow }: TransformContext,
): "quick" | "slow" | "too_slow" {
  const asked = { ...spec, format };
  const plan = planGeometry({ ...original.size, frames }, asked);
  const pixels = countOutputPixels(plan, asked, frames);
  if (estimateCost(pixels, asked) <= limits.slowPixels) return "quick";
  // another format is no help to an animation
  if (skipIfSlow && frames === 1) return "too_slow";
  onSlow?.(`${spec.lossless ? "lossless " : ""}${format} of ${pixels} pixels`);
  return "slow";
}

type Asked = TransformSpec & { readonly format: ImageFormat; readonly isSlow: boolean };

async function makeImage(
  original: Original,
  spec: Asked,
  sharing: Sharing | undefined,
): Promise<Made> {
  const profile = chooseProfile(original.metadata, spec);
  const options = { ignoreIcc: profile !== undefined };
  const trimmed =
    spec.trim === undefined ? spec : cropTo(spec, await findRegion(original, spec.trim, options));
  const plan = planGeometry(original.size, trimmed);
  const wanted = { plan, spec, format: spec.format };
  const finish = async (begun?: Decoded): Promise<Sharp> => {
    return finishImage(await scaleOriginal(original, plan, { options, begun }), plan, spec);
  };
  const canShare = sharing && mayShareDecode({ spec, format: spec.format });
  const finished = canShare
    ? await finishShared(original, wanted, { sharing, finish })
    : await finish();
  const image = isTurnedByReaders(original, spec) ? await materialize(finished) : finished;
  const profiled = profile ? await attachProfile(image, profile) : image;
  const { format, isSlow } = spec;
  const mayHavePalette = original.metadata.isPalette === true && !profile && !isSlow;
  const encoded =
    mayHavePalette && format === "png"
      ? await encodeWithPalette(profiled, { ...spec, format })
      : await encodeImage(profiled, spec);
  return { kind: "made", ...encoded };
}

/** True if a variant with `a_ignore` would come out upright, because its encoder writes the orientation. */
function isTurnedByReaders({ metadata }: Original, { rotate, format }: Asked): boolean {
  const isTurned = rotate === "ignore" && (metadata.orientation ?? 1) > 1;
  return isTurned && OUTPUTS[format].keepsOrientation;
}

async function makeAnimation(original: Original, spec: Asked): Promise<Made> {
  const { image, timing, size } = await animate(original, spec);
  const { bytes } = await encodeImage(image, { ...spec, timing });
  return { kind: "made", bytes, ...size };
}

/** Describes the first frame of an original after orientation and crop. */
async function makeDescription(
  original: Original,
  spec: TransformSpec,
  format: DescriptionFormat,
): Promise<Made> {
  const box = { width: SAMPLE_SIDE, height: SAMPLE_SIDE, mode: "limit", format: "png" } as const;
  const region = spec.trim === undefined ? undefined : await findRegion(original, spec.trim);
  const cropped = spec.crop ? { ...box, crop: spec.crop } : box;
  const plan = planGeometry(original.size, region ? cropTo(box, region) : cropped);
  const sample = await toPixels((await scaleOriginal(original, plan)).ensureAlpha());
  const { width, height } = plan.crop ?? original.size;
  const text = await DESCRIPTIONS[format](sample, original, { width, height });
  return { kind: "made", bytes: Buffer.from(text), width, height };
}

async function findRegion(
  original: Original,
  tolerance: number,
  options?: SharpOptions,
): Promise<Region> {
  return findContent(await toPixels(original.read(options)), tolerance);
}

function checkBytes({ length }: Uint8Array, format: OutputFormat): void {
  if (length <= MAX_OUTPUT_BYTES) return;
  const problem = `the image comes to ${length} bytes as ${format}, but may have at most ${MAX_OUTPUT_BYTES}`;
  throw new MediaError("unusable_original", `${problem}: ask for a smaller one, or another format`);
}
