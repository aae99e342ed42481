import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";
import { prepareEngine } from "../../src/image/engine.ts";
import type { TransformResult } from "../../src/image/pipeline.ts";
import { transformImage } from "../../src/image/pipeline.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import type { OutputFormat, TransformSpec } from "../../src/transform/spec.ts";
import type { Decoded } from "../support/images.ts";
import { decode } from "../support/images.ts";

// the originals of these tests are read by the loaders that the service has, and no others
await prepareEngine();

/** The spec that a text stands for, normalized; an empty one leaves the original as it is. */
function toSpec(text: string, format: OutputFormat = "png"): TransformSpec {
  return normalizeTransform(parseTransform(text), format);
}

/** What the service would make of an original. */
export function makeVariant(
  bytes: Uint8Array,
  text: string,
  format: OutputFormat = "png",
): Promise<TransformResult> {
  return transformImage({ bytes, spec: toSpec(text, format), format }, DEFAULT_IMAGE_LIMITS);
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
