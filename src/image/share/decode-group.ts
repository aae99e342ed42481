import { FIELDS, OPTIONS } from "../../transform/options.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import { hasFeature, isImageFormat } from "../../transform/formats.ts";
import { keepsMotion } from "../../transform/negotiate.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import { countOutputPixels, isSearchedCut, planGeometry } from "../plan/geometry.ts";
import type { InputHeader } from "../input/formats.ts";
import { INPUTS, sniffFormat } from "../input/formats.ts";
import { findLoadShrink } from "../plan/shrink-on-load.ts";
import type { Size } from "../plan/sizes.ts";
import { estimateCost, isHeavyOutput } from "../output/formats.ts";
import { canMakeTempFiles } from "../sharp/temp-file.ts";

export interface OutputSpec {
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** True if a variant can begin with pixels that were decoded for another one. */
export function mayShareDecode({ spec, format }: OutputSpec): boolean {
  return isImageFormat(format) && spec.trim === undefined && !spec.keepIcc;
}

/** True if a variant may have several frames, by a cheap look at its original. */
function mayMove({ bytes, spec, format }: OutputSpec & { bytes: Uint8Array }): boolean {
  const input = keepsMotion(spec, format) ? sniffFormat(bytes) : undefined;
  return input !== undefined && INPUTS[input].mayMove?.(bytes) === true;
}

/** True if a job may take seconds. */
export function isHeavyJob(job: OutputSpec & { bytes: Uint8Array }): boolean {
  return isHeavyOutput(job.format, job.spec) || mayMove(job);
}

/** Options that change pixels, and not only how they are encoded or named. */
const SEEN = FIELDS.filter((field) => !OPTIONS[field].affects);

/**
 * Prints the key of the finished pixels of an output, which does not depend on format and quality; `undefined` if they
 * cannot be shared.
 *
 * @param hasAlpha the original may be translucent, so that a format without alpha shows white behind it
 */
export function printImageKey(job: OutputSpec, hasAlpha: boolean): string | undefined {
  if (!mayShareDecode(job)) return undefined;
  const isOnWhite = !hasFeature(job.format, "hasAlpha") && (hasAlpha || hasEdges(job.spec));
  return JSON.stringify([isOnWhite, ...SEEN.map((field) => job.spec[field])]);
}

/** True if the background shows beside an image, or in its corners. */
function hasEdges({ mode, radius, rotate }: TransformSpec): boolean {
  const isPadded = mode === "pad" || mode === "lpad";
  return isPadded || radius !== undefined || typeof rotate === "number";
}

/** How an original is decoded for a job. */
export interface DecodeGroup {
  /** The factor by which the decoder reduces it. Jobs of the same factor share what is decoded. */
  readonly shrink: number;
  /** CPU time of scaling and encoding, in that of decoding all of the original. */
  readonly encodeCost: number;
}

/** The cost of encoding where it is not known. Most images take longer to decode than to encode. */
const UNKNOWN_ENCODE_COST = 0.5;

/** CPU time of decoding a pixel, in that of encoding one of AVIF: 12 ns of JPEG, less at smaller scales, 19 of PNG. */
const DECODE_COST = { reduced: 0.08, whole: 0.12 };
/** The same of scaling a decoded pixel. JPEG is decoded at a scale that leaves next to nothing of it. */
const SCALE_COST = { reduced: 0, whole: 0.01 };

/** How a job shares work with others of its original. */
export interface SharingPlan {
  /** The same for jobs that share the decode; `undefined` for those that share none. */
  readonly shrink: number | undefined;
  /** The same for jobs that encode one image in different ways; `undefined` for those that share none. */
  readonly imageKey: string | undefined;
  /** As that of its decode group. */
  readonly encodeCost: number;
  /** It may take seconds. */
  readonly isHeavy: boolean;
}

export function planSharing(job: OutputSpec & { bytes: Uint8Array }): SharingPlan {
  const { shrink, encodeCost = UNKNOWN_ENCODE_COST } = findDecodeGroup(job) ?? {};
  const format = sniffFormat(job.bytes);
  const hasAlpha = !format || INPUTS[format].hasAlpha;
  const imageKey = mayMove(job) ? undefined : printImageKey(job, hasAlpha);
  return { shrink, imageKey, encodeCost, isHeavy: isHeavyJob(job) };
}

/**
 * Finds the group of a job by a cheap look at its original. The decoder looks closer, and makes a job by itself that
 * cannot share. `undefined` for a job that needs a decode of its own.
 */
export function findDecodeGroup(job: OutputSpec & { bytes: Uint8Array }): DecodeGroup | undefined {
  const { bytes } = job;
  const format = mayShareDecode(job) && !mayMove(job) ? sniffFormat(bytes) : undefined;
  if (!format) return undefined;
  const { decoding, isDeep, readHeader } = INPUTS[format];
  if (decoding === "resized" || isDeep?.(bytes)) return undefined;
  const header = readHeader?.(bytes);
  if (header) return planGroup(job, header, decoding);
  return decoding === "whole" ? { shrink: 1, encodeCost: UNKNOWN_ENCODE_COST } : undefined;
}

function planGroup(
  { spec, format }: OutputSpec,
  { width, height, orientation = 1 }: InputHeader,
  decoding: "whole" | "reduced",
): DecodeGroup | undefined {
  const isTurned = orientation > 4 && spec.rotate !== "ignore";
  const size = isTurned ? { width: height, height: width } : { width, height };
  const output = { ...spec, format };
  const plan = tryPlan(size, output);
  if (!plan || isSearchedCut(plan.cut)) return undefined;
  const shrink = decoding === "reduced" ? findLoadShrink(size, plan) : 1;
  if (shrink > 1 && !canMakeTempFiles()) return undefined;
  const encoding = estimateCost(countOutputPixels(plan, output), output) / (width * height);
  return { shrink, encodeCost: (SCALE_COST[decoding] + encoding) / DECODE_COST[decoding] };
}

function tryPlan(
  size: Size,
  spec: TransformSpec & { format: OutputFormat },
): ImagePlan | undefined {
  try {
    return planGeometry(size, spec);
  } catch {
    return undefined; // it will be refused before it is decoded
  }
}
