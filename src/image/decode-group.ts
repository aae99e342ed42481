import { FIELDS } from "../transform/fields.ts";
import type { OutputFormat, TransformSpec } from "../transform/spec.ts";
import { PICTURE_FORMATS } from "../transform/spec.ts";
import type { Plan } from "./geometry.ts";
import { planGeometry } from "./geometry.ts";
import { readJpegSize } from "./jpeg-size.ts";
import { shrinkOnLoad } from "./shrink-on-load.ts";
import type { Size } from "./sizes.ts";
import { sniffFormat } from "./sniff.ts";

export interface Asked {
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** Whether pixels that were decoded for another variant can be what this one begins with. */
export function mayShareDecode({ spec, format }: Asked): boolean {
  const isPicture = PICTURE_FORMATS.some((name) => name === format);
  return isPicture && !spec.animated && spec.trim === undefined && !spec.keepIcc;
}

/** What of a spec has no part in the picture, but in what it is encoded as and called. */
const NOT_SEEN: ReadonlySet<string> = new Set([
  "format",
  "quality",
  "lossless",
  "progressive",
  "attachment",
  "version",
]);

const SEEN = FIELDS.filter((field) => !NOT_SEEN.has(field));

/**
 * The picture that a job makes of its original, whatever it is encoded as; `undefined` for what no other job has a
 * use for.
 *
 * @param hasAlpha whether anything may show through the original: what does is white for JPEG alone
 */
export function describeLooks(job: Asked, hasAlpha: boolean): string | undefined {
  if (!mayShareDecode(job)) return undefined;
  const isOnWhite = job.format === "jpg" && (hasAlpha || hasEdges(job.spec));
  return JSON.stringify([isOnWhite, ...SEEN.map((field) => job.spec[field])]);
}

/** Whether something shows beside a picture, or in its corners. */
function hasEdges({ mode, radius, rotate }: TransformSpec): boolean {
  const isPadded = mode === "pad" || mode === "lpad";
  return isPadded || radius !== undefined || typeof rotate === "number";
}

/**
 * How much smaller the original is decoded for a job, as far as it can be told cheaply: jobs of the same number share
 * what is decoded. Whoever decodes looks closer, and makes by itself what does not belong. WebP has none: libwebp
 * decodes it at the very size that is wanted.
 */
export function findDecodeGroup(job: Asked & { bytes: Uint8Array }): number | undefined {
  const { bytes, spec, format } = job;
  if (!mayShareDecode(job)) return undefined;
  const original = sniffFormat(bytes) ?? "";
  if (WHOLE.has(original)) return 1;
  const size = original === "jpeg" ? readJpegSize(bytes) : undefined;
  const plan = size && tryPlan(size, { ...spec, format });
  return plan && shrinkOnLoad(size, plan);
}

/** Decoded in full, whatever is to become of them. */
const WHOLE: ReadonlySet<string> = new Set(["png", "gif", "avif"]);

function tryPlan(size: Size, spec: TransformSpec & { format: OutputFormat }): Plan | undefined {
  try {
    return planGeometry(size, spec);
  } catch {
    return undefined; // it will be refused, and need not be decoded for that
  }
}
