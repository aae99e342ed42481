import { MediaError } from "../errors.ts";
import type { Ratio, TransformSpec } from "../transform/spec.ts";
import { QUALITY_LEVELS } from "../transform/spec.ts";
import { toSpec } from "../transform/transform.ts";
import { encodeKey, cutTrailingSlashes } from "../url/percent.ts";
import type { CreateUrlsOptions, ParsedUrl } from "../url/urls.ts";
import { createUrls } from "../url/urls.ts";
import { parseHints } from "./hints.ts";
import { buildImageUrl } from "./image-url.ts";
import { toSides } from "./size.ts";
import { isUnder, toSource } from "./source.ts";

/** The operations that all of unpic's providers have. */
interface CommonOperations {
  width?: number | string;
  height?: number | string;
  format?: string;
  quality?: number | string;
}

type OwnField = Exclude<keyof TransformSpec, keyof CommonOperations | "aspectRatio">;
type Own<T> = true extends T ? boolean : NonNullable<T>;

/** The operations of unpic's components and functions: all options of a transform. */
export type ShiftMediaOperations = CommonOperations & {
  [K in OwnField]?: Own<TransformSpec[K]>;
} & { aspectRatio?: `${number}:${number}` | number | Ratio };

export interface ShiftMediaOptions extends Omit<CreateUrlsOptions, "baseUrl"> {
  /** Of the service: `https://media.example.com`. Default: the page's own origin. */
  readonly baseUrl?: string;
  /** The same, as unpic's own providers spell it. */
  readonly baseURL?: string;
}

export interface ShiftMediaExtract {
  /** The key of the original as it stands in URLs. */
  src: string;
  operations: ShiftMediaOperations;
  options: ShiftMediaOptions;
}

/**
 * Transforms an image: a key, or a URL of the service, which keeps what it asks for unless the
 * operations say otherwise. This is the `transformer` of unpic's base components.
 *
 * @example transform("photos/a.jpg", { width: 300, height: 200 }, { baseUrl: "https://media.example.com" })
 * @throws MediaError `invalid_transform`, `invalid_path`
 */
export function transform(
  src: string | URL,
  operations: ShiftMediaOperations,
  options: ShiftMediaOptions = {},
): string {
  return buildImageUrl(String(src), toAsked(operations), toUrlsOptions(options));
}

/**
 * Generates the URL of an image from its original; what a URL of the service asks for is left behind.
 *
 * @throws MediaError `invalid_transform`, `invalid_path`
 */
export function generate(
  src: string | URL,
  operations: ShiftMediaOperations,
  options: ShiftMediaOptions = {},
): string {
  const text = String(src);
  const extracted = isUnder(getBaseUrl(options) ?? "", text) ? extract(text, options) : null;
  if (!extracted) return transform(text, operations, options);
  const query = text.includes("?") ? text.slice(text.indexOf("?")) : "";
  return transform(extracted.src + query, operations, options);
}

/**
 * Takes a URL of the service apart, so that `generate` gives it back.
 *
 * @returns null for other URLs, as unpic's extractors do
 */
export function extract(
  url: string | URL,
  options: ShiftMediaOptions = {},
): ShiftMediaExtract | null {
  const text = String(url);
  const given = getBaseUrl(options);
  const baseUrl = cutTrailingSlashes(given ?? readOrigin(text));
  const parsed = text.startsWith(`${baseUrl}/`)
    ? tryParse(text, { ...options, baseUrl })
    : undefined;
  // without a base URL only a transform shows that the service made the URL
  if (!parsed || (!parsed.transform && given === undefined)) return null;
  const { key, spec } = toSource(parsed);
  return { src: encodeKey(key), operations: spec, options: { ...options, baseUrl } };
}

function tryParse(url: string, options: ShiftMediaOptions): ParsedUrl | undefined {
  try {
    return createUrls(toUrlsOptions(options)).parse(url);
  } catch (error) {
    if (error instanceof MediaError) return undefined;
    throw error;
  }
}

function readOrigin(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}

function getBaseUrl({ baseURL, baseUrl = baseURL }: ShiftMediaOptions): string | undefined {
  return baseUrl;
}

function toUrlsOptions({ baseURL, ...options }: ShiftMediaOptions): CreateUrlsOptions {
  return { ...options, baseUrl: options.baseUrl ?? baseURL ?? "" };
}

function toAsked({ width, height, format, quality, ...own }: ShiftMediaOperations): TransformSpec {
  const isLevel = QUALITY_LEVELS.some((level) => level === quality);
  const words = Object.entries({ format, quality: isLevel ? `auto:${quality}` : quality });
  return {
    ...toSpec(own), // the same fields, before it is known which go together
    ...toSides({ width, height }),
    ...parseHints("operations", words),
  };
}
