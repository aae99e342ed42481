import { applyFocalPoint } from "../transform/normalize.ts";
import { getMediaType } from "../transform/formats.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { readRecipe, RECIPE, RECIPE_NAME } from "./recipe.ts";
import type { ObjectInfo, PutOptions } from "../store/store.ts";
import { encodeSegment } from "../url/percent.ts";
import { printStoredTransform } from "../url/variant-key.ts";
import { toCacheTag } from "../url/cache-tag.ts";
import type { VariantRequest } from "../request/request.ts";
import { sha256 } from "./sha256.ts";

/** The facts about a variant that every answer needs. */
export interface VariantInfo {
  /** Strong: the SHA-256 of the bytes, in quotes. */
  readonly etag: string;
  /** The version of the original that it was made from: see `nameSource`. */
  readonly source: string;
  /** The number of the recipe that it was made by; 0 for variants from before there were numbers. */
  readonly recipe: number;
  /** The original is an animation, and the format holds none. */
  readonly isFirstFrame: boolean;
  /** In bytes. */
  readonly size: number;
  /** Its original was cut off. It is never stored. */
  readonly isTruncated?: boolean;
}

export interface Variant {
  readonly info: VariantInfo;
  readonly bytes: Uint8Array;
}

/** A variant that has just been made. */
export interface MadeVariant extends Variant {
  /** Width and height in pixels: `300x200`. */
  readonly dimensions: string;
}

/** The names of user metadata in the store: of variants, and of originals. */
const SOURCE = "source-etag";
const SHA256 = "sha256";
const FIRST_FRAME = "first-frame";
const FOCAL_POINT = "focal";

/** The facts about an original that decide what a variant of it looks like. */
export type OriginalFacts = Pick<ObjectInfo, "etag" | "metadata">;

/** Lays the focal point of an original over the spec of a variant. */
export function focusOn({ metadata }: OriginalFacts, { spec }: VariantRequest): TransformSpec {
  return applyFocalPoint(spec, metadata[FOCAL_POINT]);
}

/**
 * Names the version of an original as far as a variant depends on it: by its ETag and, if the variant is cropped around
 * it, by its focal point, such as `"9f86d081" 0.3x0.7`. S3 keeps the ETag when only the point changes.
 */
export function nameSource(original: OriginalFacts, request: VariantRequest): string {
  const isFocused = focusOn(original, request) !== request.spec;
  return isFocused ? `${original.etag} ${original.metadata[FOCAL_POINT]}` : original.etag;
}

interface MadeBytes {
  readonly bytes: Uint8Array;
  /** Of the bytes, in hexadecimal digits, if it is known already. */
  readonly sha256?: string | undefined;
  readonly isFirstFrame?: boolean | undefined;
  readonly isTruncated?: boolean | undefined;
}

/** Describes a variant that has just been made. */
export async function describeVariant(
  { bytes, isFirstFrame = false, isTruncated = false, ...made }: MadeBytes,
  source: string,
): Promise<VariantInfo> {
  const etag = `"${made.sha256 ?? (await sha256(bytes))}"`;
  const info = { etag, source, recipe: RECIPE, isFirstFrame, size: bytes.length };
  return isTruncated ? { ...info, isTruncated } : info;
}

/** The headers that describe a variant; they are known before its bytes. */
export function describeContent(request: VariantRequest): {
  readonly contentType: string;
  readonly contentDisposition: string;
} {
  return {
    contentType: getMediaType(request.format),
    contentDisposition: printDisposition(request),
  };
}

/** Reads the facts from a stored object; `undefined` unless the object is a complete variant of this service. */
export function readVariantInfo(
  request: VariantRequest,
  object: ObjectInfo,
): VariantInfo | undefined {
  const source = object.metadata[SOURCE];
  const hash = object.metadata[SHA256];
  const isOfFormat = object.contentType === getMediaType(request.format);
  if (!source || !hash || object.size === 0 || !isOfFormat) return undefined;
  const recipe = readRecipe(object.metadata);
  const isFirstFrame = object.metadata[FIRST_FRAME] !== undefined;
  return { etag: `"${hash}"`, source, recipe, isFirstFrame, size: object.size };
}

/** True for a variant that would come out different today. */
export function isOutdated({ recipe }: VariantInfo): boolean {
  return recipe < RECIPE;
}

/** True if one variant of an original is to be kept rather than another one. Of equal ones the first to come is kept. */
export function isBetter(one: VariantInfo, other: VariantInfo): boolean {
  return one.recipe > other.recipe;
}

export interface StoredHeaders {
  readonly cacheControl: string;
  /** For variants whose keys name a version: their bytes never change. */
  readonly versionedCacheControl: string;
}

/** The headers that a variant is stored under: a public bucket serves it with them. */
export function toPutOptions(
  request: VariantRequest,
  { info, dimensions }: MadeVariant,
  { cacheControl, versionedCacheControl }: StoredHeaders,
): PutOptions {
  return {
    ...describeContent(request),
    sha256: info.etag.slice(1, -1),
    cacheControl: request.spec.version === undefined ? cacheControl : versionedCacheControl,
    metadata: {
      [SOURCE]: info.source,
      [SHA256]: info.etag.slice(1, -1),
      spec: printStoredTransform(request.spec),
      dimensions,
      [RECIPE_NAME]: String(info.recipe),
      ...(info.isFirstFrame && { [FIRST_FRAME]: "true" }),
      "cache-tag": toCacheTag(request.key),
    },
  };
}

/** The part of a redirect that changes when the bytes do: the beginning of their SHA-256. */
export function printVersion({ etag }: VariantInfo): string {
  return etag.slice(1, 9);
}

/** Inline unless `fl_attachment` is given, under the original's name with the variant's extension. */
function printDisposition({ key, format, spec }: VariantRequest): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const stem = name.includes(".", 1) ? name.slice(0, name.lastIndexOf(".")) : name;
  const ascii = stem.replaceAll(/[^\w.-]+/g, "_").slice(0, 100);
  const kind = spec.attachment ? "attachment" : "inline";
  const plain = `${kind}; filename="${ascii}.${format}"`;
  return ascii === stem ? plain : `${plain}; filename*=UTF-8''${encodeSegment(stem)}.${format}`;
}
