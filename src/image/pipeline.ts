import type { SharpOptions } from "sharp";
import sharp from "sharp";
import { MediaError } from "../errors.ts";
import type { OutputFormat, TransformSpec } from "../transform/spec.ts";
import { encode } from "./formats.ts";
import type { ImageLimits } from "./gate.ts";
import { admitOriginal, checkDimensions } from "./gate.ts";
import { planGeometry } from "./geometry.ts";
import { applySteps } from "./steps.ts";
import { readWebpSize } from "./webp-size.ts";

/** One variant to make. */
export interface TransformJob {
  readonly bytes: Uint8Array;
  /** Normalized for `format`. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

export interface TransformResult {
  readonly bytes: Uint8Array;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** More than any page needs, and as much as a service can hold of several at a time. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** There was not enough memory, which may have been the fault of earlier jobs of this process. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** What libvips and the encoders below it say when an allocation fails. */
const OUT_OF_MEMORY = /out of memory|bufferpool|unable to encode|cannot allocate/i;

/**
 * Makes the bytes of a variant: admits the original, plans in pixels, carries the plan out, encodes.
 * The result is sRGB and has no metadata.
 *
 * @throws MediaError `unsupported_original`, `unusable_original` or `invalid_transform`, OutOfMemory, and
 * never anything else for what an original contains.
 */
export async function transformImage(
  job: TransformJob,
  limits: ImageLimits,
): Promise<TransformResult> {
  const { format, bytes } = admitOriginal(job.bytes);
  const claimed = format === "webp" ? readWebpSize(bytes) : undefined;
  if (claimed) checkDimensions(claimed, format, limits);
  try {
    const shouldOrient = job.spec.rotate !== "ignore";
    const options: SharpOptions = {
      autoOrient: shouldOrient,
      // real cameras write harmless marker noise, which is a "warning"; truncation is an "error"
      failOn: "error",
      limitInputPixels: limits.maxPixels,
    };
    // the header alone is read, and our own check names both the size and the limit
    const metadata = await sharp(bytes, { ...options, limitInputPixels: false }).metadata();
    checkDimensions(metadata, format, limits);
    const size = shouldOrient ? metadata.autoOrient : metadata;
    const spec = { ...job.spec, format: job.format };
    const plan = planGeometry(size, spec);
    const source = sharp(bytes, options);
    // libvips flattens grey on the red of a background, and not on its colour
    const upright = metadata.hasAlpha ? source.pipelineColourspace("srgb") : source;
    const image = await applySteps(upright, plan, spec);
    const output = encode(image, spec.format, spec.quality);
    const { data, info } = await output.toBuffer({ resolveWithObject: true });
    checkBytes(data, job.format);
    return { bytes: data, width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof MediaError) throw error;
    if (OUT_OF_MEMORY.test(String(error))) throw new OutOfMemory(String(error));
    throw new MediaError("unusable_original", "the original cannot be decoded", { cause: error });
  }
}

function checkBytes({ length }: Uint8Array, format: OutputFormat): void {
  if (length <= MAX_OUTPUT_BYTES) return;
  const problem = `the picture comes to ${length} bytes as ${format}, but may have at most ${MAX_OUTPUT_BYTES}`;
  throw new MediaError("unusable_original", `${problem}: ask for a smaller one, or another format`);
}
