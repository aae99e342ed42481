import type { ImageFormat, OutputFormat } from "./formats.ts";
import { findImageFormat, FORMATS, getMediaType, hasFeature } from "./formats.ts";
import type { TransformSpec } from "./spec.ts";

/** The format of a key without `f_`: by the text after the last dot, even if the bytes are others. */
export function getKeyFormat(key: string): ImageFormat {
  return readExtension(key) ?? "webp";
}

/** The format under `f_auto` for a client that accepts none of the preferred formats. */
export function getFallbackFormat(key: string): ImageFormat {
  return FORMATS[readExtension(key) ?? "jpg"].fallback;
}

function readExtension(key: string): ImageFormat | undefined {
  const [, extension = ""] = /\.([^./]*)$/.exec(key) ?? [];
  return findImageFormat(extension.toLowerCase());
}

/** True for a variant that an animation stays one in. */
export function keepsMotion({ still }: TransformSpec, format: OutputFormat): boolean {
  return !still && hasFeature(format, "hasMotion");
}

/** True for a key whose extension says that the original may be an animation. */
export function mayKeyMove(key: string): boolean {
  return FORMATS[getFallbackFormat(key)].hasMotion;
}

/** Of formats that `f_auto` may choose, those for a key: a GIF is likely to move, and keeps moving. */
export function listKeyFormats(
  key: string,
  formats: readonly ImageFormat[],
): readonly ImageFormat[] {
  const isMoving = mayKeyMove(key);
  return formats.filter((format) => FORMATS[format].hasMotion || !isMoving);
}

interface Negotiation {
  /** The request's `Accept` header; only types that it names count, `image/*` offers nothing. */
  readonly accept: string | undefined;
  /** The formats to choose from under `f_auto`, best first. */
  readonly preference: readonly ImageFormat[];
}

/** Characters of an `Accept` header that are read; those of browsers have about 200. */
const MAX_ACCEPT = 1024;

/** Chooses one concrete format before any store is asked. */
export function negotiateFormat(
  asked: OutputFormat | "auto" | undefined,
  key: string,
  { accept, preference }: Negotiation,
): OutputFormat {
  if (asked === undefined) return getKeyFormat(key);
  if (asked !== "auto") return asked;
  const accepted = parseAccept((accept ?? "").slice(0, MAX_ACCEPT));
  return preference.find((format) => accepted.has(getMediaType(format))) ?? getFallbackFormat(key);
}

/** The media types that an `Accept` header names with a quality above zero (RFC 9110, 12.5.1). */
function parseAccept(accept: string): ReadonlySet<string> {
  const types = accept.split(",").flatMap((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    return Number(quality) > 0 ? [type] : [];
  });
  return new Set(types);
}
