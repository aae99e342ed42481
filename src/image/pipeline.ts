import type { Sharp } from "sharp";
import { MediaError } from "../errors.ts";
import type {
  DescriptionFormat,
  OutputFormat,
  PictureFormat,
  TransformSpec,
} from "../transform/spec.ts";
import { animate, isAnimation } from "./animation.ts";
import { describe, isDescription } from "./describe.ts";
import type { AnimatedFormat } from "./formats.ts";
import { encode } from "./formats.ts";
import type { ImageLimits } from "./gate.ts";
import { planGeometry } from "./geometry.ts";
import { dropPngChunks, PNG_DENSITY } from "./png-chunks.ts";
import type { Original } from "./original.ts";
import { openOriginal } from "./original.ts";
import { releaseGarbage, toPixels } from "./pixels.ts";
import { attachProfile, chooseProfile } from "./profile.ts";
import { applySteps } from "./steps.ts";
import { cropTo, findContent } from "./trim.ts";

/** One variant to make. */
export interface TransformJob {
  readonly bytes: Uint8Array;
  /** Normalized for `format`. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

export interface TransformResult {
  readonly bytes: Uint8Array;
  /** In pixels; of a description, what was described. */
  readonly width: number;
  readonly height: number;
}

/** More than any page needs, and as much as a service can hold of several at a time. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** Of an original, which a process has made when it has read it from its pipe. */
const COPIES = 2;

/** There was not enough memory, which may have been the fault of earlier jobs of this process. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** What libvips and the encoders below it say when an allocation fails. */
const OUT_OF_MEMORY =
  /out of memory|bufferpool|unable to encode|cannot allocate|bytes failed|failed to allocate|undefined aom/i;

/**
 * Makes the bytes of a variant: admits the original, plans in pixels, carries the plan out, encodes.
 * The result is sRGB and has no metadata, but for a colour profile that is to be kept.
 *
 * @throws MediaError `unsupported_original`, `unusable_original` or `invalid_transform`, OutOfMemory, and
 * never anything else for what an original contains.
 */
export async function transformImage(
  { bytes, format, spec }: TransformJob,
  limits: ImageLimits,
): Promise<TransformResult> {
  await releaseGarbage(COPIES * bytes.length);
  try {
    const original = await openOriginal(bytes, spec, limits);
    if (isDescription(format)) return await makeDescription(original, spec, format);
    const asked = { ...spec, format };
    const result = isAnimation(original, asked)
      ? await makeAnimation(original, asked, limits)
      : await makePicture(original, asked);
    checkBytes(result.bytes, format);
    return result;
  } catch (error) {
    if (error instanceof MediaError) throw error;
    if (OUT_OF_MEMORY.test(String(error))) throw new OutOfMemory(String(error));
    throw new MediaError("unusable_original", "the original cannot be decoded", { cause: error });
  }
}

async function makePicture(
  original: Original,
  spec: TransformSpec & { readonly format: PictureFormat },
): Promise<TransformResult> {
  const profile = chooseProfile(original.metadata, spec);
  const read = (): Sharp => original.read({ ignoreIcc: profile !== undefined });
  const trimmed =
    spec.trim === undefined ? spec : cropTo(spec, findContent(await toPixels(read()), spec.trim));
  const image = await applySteps(read(), planGeometry(original.size, trimmed), spec);
  const output = encode(profile ? await attachProfile(image, profile) : image, spec);
  await releaseGarbage();
  const { data, info } = await output.toBuffer({ resolveWithObject: true });
  const bytes = spec.format === "png" ? dropPngChunks(data, PNG_DENSITY) : data;
  return { bytes, width: info.width, height: info.height };
}

async function makeAnimation(
  original: Original,
  spec: TransformSpec & { readonly format: AnimatedFormat },
  limits: ImageLimits,
): Promise<TransformResult> {
  const { output, size } = await animate(original, spec, limits);
  await releaseGarbage();
  return { bytes: await output.toBuffer(), ...size };
}

async function makeDescription(
  original: Original,
  spec: TransformSpec,
  format: DescriptionFormat,
): Promise<TransformResult> {
  const { text, size } = await describe(original, spec, format);
  return { bytes: Buffer.from(text), ...size };
}

function checkBytes({ length }: Uint8Array, format: OutputFormat): void {
  if (length <= MAX_OUTPUT_BYTES) return;
  const problem = `the picture comes to ${length} bytes as ${format}, but may have at most ${MAX_OUTPUT_BYTES}`;
  throw new MediaError("unusable_original", `${problem}: ask for a smaller one, or another format`);
}
