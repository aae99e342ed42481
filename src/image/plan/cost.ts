import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { Plan } from "./geometry.ts";
import { rotatedSize } from "./sizes.ts";

interface Encoded extends TransformSpec {
  readonly format: OutputFormat;
}

/** Of the result of a plan, in all of its frames. */
export function countOutputPixels(plan: Plan, spec: Encoded, frames = 1): number {
  const { width, height } = plan.pad ?? rotatedSize(plan.cut ?? plan.resize, spec);
  return width * height * frames;
}

/**
 * What an image costs to encode, in pixels of AVIF that would cost the same. Measured on photographs of
 * 1 to 3 MP, one core, in nanoseconds per pixel: AVIF 130 to 360, by what is on them, lossless 440; GIF
 * 1030; lossless WebP 240, WebP 75; PNG 40; JPEG 10, progressive 80.
 */
export function estimateCost(pixels: number, { format, lossless, progressive }: Encoded): number {
  if (lossless) return pixels * (format === "avif" ? 3 : 1.6);
  if (format === "jpg") return pixels * (progressive ? 0.5 : 0.1);
  return pixels * (WEIGHTS[format] ?? 0);
}

const WEIGHTS: Partial<Record<OutputFormat, number>> = { avif: 1, gif: 7, webp: 0.5, png: 0.3 };

/** What a JPEG of so many pixels costs to decode, in the same measure: 12 ns a pixel, and less at smaller scales. */
export function estimateDecode(pixels: number): number {
  return pixels * 0.08;
}
