import type { TransformSpec } from "../transform/spec.ts";
import { decodeSegment, cutTrailingSlashes } from "../url/percent.ts";
import type { CreateUrlsOptions, ParsedUrl, Urls } from "../url/urls.ts";
import { parseHints } from "./hints.ts";
import { toRatio } from "./size.ts";

/** The `src` of a component, read. */
export interface Source {
  readonly key: string;
  /** Options that stand in the `src`. */
  readonly spec: TransformSpec;
}

/** URLs with an origin of their own, and data in place of one. */
const ELSEWHERE = /^(?:[a-z][a-z\d+.-]*:)?\/\/|^(?:data|blob):/i;

/**
 * Reads a `src`: `photos/a%20b.jpg?ar=16:9&g=north`. Its path is that of the original, written as in a
 * URL, so that `%` and `?` of a key are `%25` and `%3F`; its query holds options. A URL of the service
 * itself keeps what it asks for. Gives nothing for images that are somewhere else.
 *
 * @throws MediaError `invalid_transform` for options that are not correct.
 */
export function readSource(
  src: string,
  urls: Urls,
  { baseUrl }: Pick<CreateUrlsOptions, "baseUrl">,
): Source | undefined {
  const cut = src.includes("?") ? src.indexOf("?") : src.length;
  const path = src.slice(0, cut);
  const isOurs = isUnder(baseUrl, path);
  if (!isOurs && ELSEWHERE.test(path)) return undefined;
  const { key, spec } = isOurs ? toSource(urls.parse(path)) : { key: readKey(path) };
  const origin = `src "${src}"`;
  const hints = toRatio(origin, parseHints(origin, new URLSearchParams(src.slice(cut))));
  return { key, spec: { ...spec, ...hints } };
}

/** Turns a parsed URL into a source, its format spelled out. */
export function toSource({ key, transform, format }: ParsedUrl): Source {
  return { key, spec: { ...transform, ...(format && { format }) } };
}

/** True for a URL of the service; false for all URLs if the service is at the root of the page. */
export function isUnder(baseUrl: string, url: string): boolean {
  const base = cutTrailingSlashes(baseUrl);
  return base !== "" && url.startsWith(`${base}/`);
}

function readKey(path: string): string {
  return path.replace(/^\//, "").split("/").map(decodeSegment).join("/");
}
