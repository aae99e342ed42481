import { cutTrailingSlashes } from "./percent.ts";
import { invalidTransform, MediaError } from "../errors.ts";
import { getKeyFormat, mayKeyMove } from "../transform/negotiate.ts";
import { OPTIONS, printTransform } from "../transform/options.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { parseTransform } from "../transform/parse.ts";
import type { Presets, TransformSpec } from "../transform/spec.ts";
import { expandPresets } from "../transform/presets.ts";
import type { OutputFormat } from "../transform/formats.ts";
import { isImageFormat } from "../transform/formats.ts";
import { checkBytes } from "../transform/limits.ts";
import type { Transform } from "../transform/transform.ts";
import { toSpec } from "../transform/transform.ts";
import { printRequest } from "./build.ts";
import type { Picture, PictureOptions, ImgAttributes, ImgOptions } from "./img.ts";
import { buildImg, buildPicture } from "./img.ts";
import { checkKey, MAX_PATH_BYTES } from "./key.ts";
import { splitTarget, splitPath } from "./path.ts";
import type { Candidates, UrlOptions } from "./srcset.ts";
import { buildUrl, printCandidates, resizeTo } from "./srcset.ts";

export interface CreateUrlsOptions extends UrlOptions {
  /** All presets of the service: `{ thumb: "w_150,h_150,c_fill" }`. Without it any name is accepted. */
  readonly presets?: Readonly<Record<string, string>> | undefined;
  /** Options of every transform of an image, unless it says otherwise: `{ format: "auto" }`. */
  readonly defaults?: Transform | undefined;
}

/** A URL of the service, read back. */
export interface ParsedUrl {
  /** Decoded. */
  readonly key: string;
  /** Canonical, with all presets expanded; absent where the original itself is asked for. */
  readonly transform?: TransformSpec;
  /** The format of the answer: `auto` depends on the client. Absent with `transform`. */
  readonly format?: OutputFormat | "auto";
  /** Not checked. */
  readonly signature?: string;
  /** Unix time in seconds. */
  readonly expires?: number;
}

export interface Urls {
  /**
   * The URL of an original under a transform; without a transform, the URL of the original itself.
   *
   * @example url("photos/a b.jpg", { width: 300, height: 200 }) // …/w_300,h_200/photos/a%20b.jpg
   * @throws MediaError `invalid_path`, `invalid_transform` naming what is wrong and what was expected
   */
  url(key: string, transform?: Transform): string;
  /** The text of a transform as URLs of this key have it, presets expanded: `w_300,h_200`. */
  canonical(key: string, transform: Transform): string;
  /** Reads a URL or a path of the service back. @throws MediaError as the service would */
  parse(url: string): ParsedUrl;
  /** The `srcset` of an image; with widths, a transform of two sides keeps their ratio. */
  srcset(key: string, transform: Transform, candidates: Candidates): string;
  /** The attributes of an `<img>`. */
  img(key: string, options?: ImgOptions): ImgAttributes;
  /** An `<img>` with a `<source>` for each better format. */
  picture(key: string, options?: PictureOptions): Picture;
  /** The URL of an image of 24 pixels, to be shown until the real one is there. */
  placeholder(key: string, transform?: Transform): string;
}

interface UrlsState extends UrlOptions {
  readonly presets: Presets;
  /** They were named, so that there are no others. */
  readonly hasAllPresets: boolean;
  readonly defaults: Transform;
}

/**
 * Builds and reads the URLs of a service. Everything that it prints is canonical, but for presets, which
 * stay names.
 *
 * @throws MediaError `invalid_path` for a base URL that is none, `invalid_transform` for presets that cannot be parsed
 */
export function createUrls(options: CreateUrlsOptions): Urls {
  const { baseUrl, presets, defaults = {}, ...rest } = options;
  const state: UrlsState = {
    ...rest,
    baseUrl: checkBaseUrl(baseUrl),
    presets: new Map(
      Object.entries(presets ?? {}).map(([name, text]) => [name, parseTransform(text)]),
    ),
    hasAllPresets: presets !== undefined,
    defaults,
  };
  const url: Urls["url"] = (key, transform) => buildChecked(state, key, transform);
  const srcset: Urls["srcset"] = (key, transform, candidates) =>
    printCandidates((candidate) => url(key, candidate), transform, candidates);
  return {
    url,
    srcset,
    canonical: (key, transform) => printExpanded(state, key, transform),
    parse: (text) => parseUrl(state, text),
    img: (key, given = {}) => buildImg({ url, srcset }, key, given),
    picture: (key, given = {}) => buildPicture({ url, srcset }, key, given),
    placeholder: (key, transform = {}) => {
      const still = mayKeyMove(key) ? { still: true } : {};
      return url(key, { ...resizeTo(transform, 24), format: "webp", quality: 30, ...still });
    },
  };
}

/** Accepts a URL, a path, and the empty text for the root of the page. */
function checkBaseUrl(baseUrl: unknown): string {
  if (typeof baseUrl === "string" && /^$|^\/|^https?:\/\/[^/]/i.test(baseUrl)) {
    return cutTrailingSlashes(baseUrl);
  }
  const expected = '"https://media.example.com" or "/images"';
  const problem = `baseUrl must be the URL or the path of the service, such as ${expected}`;
  throw new MediaError("invalid_path", `${problem}, got ${JSON.stringify(baseUrl)}`);
}

/** A description takes none of what is said of images. */
function addDefaults({ defaults }: UrlsState, transform: Transform): TransformSpec {
  const asked = toSpec(transform);
  if (!isImageFormat(asked.format ?? "auto")) return asked;
  return { ...dropReplacedSize(toSpec(defaults), asked), ...asked };
}

/** A size replaces the one below it as a whole, and two sides the ratio too. */
export function dropReplacedSize(base: TransformSpec, asked: TransformSpec): TransformSpec {
  if (!asked.width && !asked.height) return base;
  const { width, height, aspectRatio, ...rest } = base;
  if (asked.width && asked.height) return rest;
  const ratio = aspectRatio ?? (width && height ? { width, height } : undefined);
  return ratio && !asked.aspectRatio ? { ...rest, aspectRatio: ratio } : rest;
}

function buildChecked(state: UrlsState, key: string, transform: Transform | undefined): string {
  checkText(key);
  checkKey(key);
  const url = buildUrl(key, transform && readBack(state, key, transform), state);
  checkBytes("a path", url.slice(state.baseUrl.length), { max: MAX_PATH_BYTES });
  return url;
}

/** Refuses what programs pass by mistake: nothing, and the URL of an image elsewhere. */
function checkText(key: unknown): void {
  const got = `got ${JSON.stringify(key)}`;
  if (typeof key !== "string") {
    throw new MediaError("invalid_path", `the key must be a text such as "photos/cat.jpg", ${got}`);
  }
  if (/^[a-z]+:\/\//i.test(key)) {
    throw new MediaError("invalid_path", `the key must be that of an original, not a URL, ${got}`);
  }
}

/** Prints and parses a transform, as the service will: the parser knows every bound but those of areas. */
function readBack(state: UrlsState, key: string, transform: Transform): Transform {
  const given = addDefaults(state, transform);
  const odd = Object.keys(given).find((name) => !(name in OPTIONS));
  if (odd) throw invalidTransform(`unknown option "${odd}"`);
  if (given.expires && !state.sign) throw invalidTransform('option "exp" must be signed');
  const known = state.hasAllPresets
    ? state.presets
    : new Map(given.presets?.map((name) => [name, {}]));
  const spec = parseTransform(printTransform(given), known);
  const { format = getKeyFormat(key), ...expanded } = expandPresets(spec, known);
  normalizeTransform(expanded, format);
  return spec;
}

function printExpanded(state: UrlsState, key: string, transform: Transform): string {
  const spec = expandPresets(toSpec(readBack(state, key, transform)), state.presets);
  return printRequest(key, spec);
}

function parseUrl({ baseUrl, presets }: UrlsState, text: string): ParsedUrl {
  // the URL of the service is to its URLs what a base path is to paths
  const isPath = text.startsWith("/") && !text.startsWith(`${baseUrl}/`);
  const { path, signature } = splitTarget(text.replace(/#.*/s, ""), isPath ? "" : baseUrl);
  const { key, spec } = splitPath(path, presets);
  const common = { key, ...(signature !== undefined && { signature }) };
  if (!spec) return common;
  const { format = getKeyFormat(key), expires, ...rest } = expandPresets(spec, presets);
  const transform = normalizeTransform(rest, format);
  return { ...common, transform, format, ...(expires && { expires }) };
}
