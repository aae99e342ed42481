import { permit } from "./permit.ts";
import { byteLength, isSeldom, leave, readSegment } from "./read.ts";
import { settle } from "./settle.ts";

/* What the Function has of the service's configuration, put in when it is made for a service. */

/** Empty, or like `/i`: taken off, since a bucket has none; the path of the other origin gives it back. */
declare const BASE_PATH: string;
/** What the keys of all variants begin with: `variants/1/`. */
declare const PREFIX: string;
/** What the keys of all originals begin with. */
declare const KEYS: string;
/** The formats to choose from under `f_auto`, best first. */
declare const FORMATS: readonly string[];
/** Nothing may be asked for without a signature. */
declare const IS_SIGNED: boolean;

/** The part of CloudFront's event that is used. */
export interface ViewerRequest {
  readonly method: string;
  /** As it came, without its query. */
  uri: string;
  readonly querystring: Readonly<Record<string, unknown>>;
  readonly headers: Record<string, { value: string } | undefined>;
}

/**
 * Rewrites the URI of a variant to the one that it is stored under, if anybody may ask for it, and
 * `Accept` to one of few values. What cannot be read, or is not permitted, is left to the service, which
 * says what is wrong with it.
 */
export function handler(event: { readonly request: ViewerRequest }): ViewerRequest {
  const request = event.request;
  const formats = FORMATS.filter(isAccepted(request.headers["accept"]));
  const offered = formats.map((format) => `image/${format}`).join();
  request.headers["accept"] = { value: offered || "*/*" };
  if (request.uri.indexOf(`${BASE_PATH}/`) !== 0) return request;
  const path = request.uri.slice(BASE_PATH.length);
  request.uri = path;
  // an explanation is one of what was asked for
  const isOther = !/^(?:GET|HEAD)$/.test(request.method) || request.querystring["explain"];
  if (IS_SIGNED || isOther) return request;
  try {
    request.uri = rewrite(path, formats);
    request.headers["accept"] = { value: "*/*" };
  } catch {
    // it stays as it was
  }
  return request;
}

/** Only types that are named count, and only with a quality above zero. */
function isAccepted(header: { readonly value: string } | undefined): (format: string) => boolean {
  const types = (header ? header.value : "").toLowerCase().split(",");
  return (format) =>
    types.some((range) => {
      const parts = range.split(";").map((part) => part.trim());
      const quality = parts.slice(1).filter((part) => part.indexOf("q=") === 0)[0] || "q=1";
      return parts[0] === `image/${format}` && +quality.slice(2) > 0;
    });
}

function rewrite(uri: string, formats: readonly string[]): string {
  if (BASE_PATH.length + uri.length > 2048 || !/^[!-~]+$/.test(uri)) leave();
  const segments = decode(uri.slice(1)).split("/");
  const first = segments[0] || "";
  const typed = /^s--.*--$/.test(first) || isSeldom(first) ? undefined : readSegment(first);
  if (!typed || typed.exp || segments.length < 2) return leave();
  const key = keyOf(segments.slice(1));
  const name = settle(permit(typed), key, formats);
  const folder = `${PREFIX}${key}/`;
  if (byteLength(folder + name) > 1024) leave();
  const stored = encode(folder) + name;
  return stored.length > 1984 ? leave() : `/${stored}`;
}

function keyOf(segments: readonly string[]): string {
  const isFenced = segments.length > 1 && segments[0] === "_";
  if (!isFenced && segments.length > 1 && isTransform(segments[0] || "")) leave();
  const key = segments.slice(isFenced ? 1 : 0).join("/");
  const isUnusable = /^$|^\/|\/$|(?:^|\/)\.\.?(?:\/|$)|[\x00-\x1f\x7f-\x9f]/.test(key);
  const isKept = `${key}/`.indexOf(PREFIX.split("/")[0] + "/") === 0 || key.indexOf(KEYS) !== 0;
  return isUnusable || isKept || byteLength(key) > 1024 ? leave() : key;
}

/** A second one is a mistake; what is nearly one is a folder. */
function isTransform(segment: string): boolean {
  if (isSeldom(segment)) return true;
  try {
    return readSegment(segment) !== undefined;
  } catch {
    return false;
  }
}

/** What is no UTF-8 stays as it is. */
function decode(path: string): string {
  return path.replace(/(?:%[\da-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** Strictly: a bucket reads a plus as a blank. */
function encode(key: string): string {
  return encodeURIComponent(key)
    .replace(/%2F/g, "/")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
