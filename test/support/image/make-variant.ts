import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { prepareEngine } from "../../../src/image/sharp/engine.ts";
import type { TransformResult } from "../../../src/image/pipeline/pipeline.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { normalizeTransform } from "../../../src/transform/normalize.ts";
import { parseTransform } from "../../../src/transform/parse.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import type { OutputFormat } from "../../../src/transform/formats.ts";
import type { Decoded } from "../images.ts";
import { decode } from "../images.ts";

type Made = Extract<TransformResult, { kind: "made" }>;

/** The variant of a job that must not be skipped as too slow. */
export function expectMade<T extends { readonly kind: string }>(
  result: T,
): Extract<T, { kind: "made" }> {
  if (result.kind !== "made") throw new Error(`expected an image, got "${result.kind}"`);
  return result as Extract<T, { kind: "made" }>; // its kind has just said so
}

// the originals of these tests are read by the loaders that the service has, and no others
await prepareEngine();

/** The spec that a text stands for, normalized; an empty one leaves the original as it is. */
function toSpec(text: string, format: OutputFormat = "png"): TransformSpec {
  return normalizeTransform(parseTransform(text), format);
}

/** Makes the variant that the service would make of an original. */
export async function makeVariant(
  bytes: Uint8Array,
  text: string,
  format: OutputFormat = "png",
): Promise<Made> {
  const job = { bytes, spec: toSpec(text, format), format };
  return expectMade(await transformImage(job, { limits: DEFAULT_IMAGE_LIMITS }));
}

/** The same, decoded for probing. */
export async function viewVariant(
  bytes: Uint8Array,
  text: string,
  format: OutputFormat = "png",
): Promise<Decoded> {
  const result = await makeVariant(bytes, text, format);
  return decode(result.bytes);
}
