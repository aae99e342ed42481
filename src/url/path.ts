import { MediaError } from "../errors.ts";
import { adviseFence, FENCE, recognizeTransform } from "../transform/parse.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { decodeSegment, utf8Length } from "./percent.ts";

/** Of a path, in bytes as it is written. */
export const MAX_PATH_BYTES = 2048;
/** S3's limit for an object key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

/** A first segment of this shape is a signature, be it a good one or not. */
export const SIGNATURE_SEGMENT: RegExp = /^s--(.*)--$/s;

/** A request target taken apart, before anything in it is given a meaning. */
export interface Target {
  /** The text between `s--` and `--` of the first segment. */
  readonly signature?: string;
  /** All that follows the signature, decoded once: what is signed, and what is parsed. */
  readonly path: string;
  /** The raw text after the first `?`. */
  readonly query: string;
}

/** What a decoded path says: to do `spec`, or nothing, to the original at `key`. */
export interface ParsedPath {
  readonly spec?: TransformSpec;
  readonly isFenced: boolean;
  readonly key: string;
  /** What to try if there is no such original. */
  readonly hint?: string;
}

/**
 * Takes a raw request target apart: `/s--…--/w_300/a%20b.jpg?v=1`.
 *
 * @param basePath what stands before all paths of this service: empty, or like `/i`
 * @throws MediaError `invalid_path` when it is no path, is not under the base path, or is too long.
 */
export function readTarget(target: string, basePath = ""): Target {
  if (!target.startsWith("/")) throw invalidPath("the request target must be a path");
  const cut = target.includes("?") ? target.indexOf("?") : target.length;
  const rawPath = target.slice(0, cut);
  if (utf8Length(rawPath) > MAX_PATH_BYTES) {
    throw invalidPath(`a path must have at most ${MAX_PATH_BYTES} bytes`);
  }
  if (!rawPath.startsWith(`${basePath}/`)) {
    throw invalidPath(`the path must start with "${basePath}/"`);
  }
  const query = target.slice(cut + 1);
  const path = rawPath
    .slice(basePath.length + 1)
    .split("/")
    .map(decodeSegment)
    .join("/");
  const [first = "", ...rest] = path.split("/");
  const signature = rest.length > 0 ? SIGNATURE_SEGMENT.exec(first)?.[1] : undefined;
  return signature === undefined ? { path, query } : { signature, path: rest.join("/"), query };
}

/**
 * Parses the path of a request: `/w_300/photos/a%20b.jpg`. Gives back what `buildPath` was given. A
 * signature is cut off, and not checked.
 *
 * @param basePath what stands before all paths of the service: empty, or like `/i`
 * @throws MediaError `invalid_path`, `invalid_transform`
 */
export function parsePath(target: string, basePath = ""): ParsedPath {
  return splitPath(readTarget(target, basePath).path);
}

/**
 * Splits a decoded path into transform and key.
 *
 * @throws MediaError `invalid_transform` for a transform that is not correct, `invalid_path` for a key
 * that no object can have.
 */
export function splitPath(path: string): ParsedPath {
  const segments = path.split("/");
  const first = segments.shift() ?? "";
  if (segments.length === 0) return toKey([first], false);
  if (first === FENCE) return toKey(segments, true);
  const recognized = recognizeTransform(first);
  if (recognized.kind === "transform") return parseAfterTransform(first, recognized.spec, segments);
  const { hint } = recognized;
  return { ...toKey([first, ...segments], false), ...(hint && { hint }) };
}

function parseAfterTransform(
  text: string,
  spec: TransformSpec,
  [next = "", ...rest]: readonly string[],
): ParsedPath {
  if (rest.length > 0 && next === FENCE) return { spec, ...toKey(rest, true) };
  if (rest.length > 0) refuseSecondTransform(next);
  return { spec, hint: adviseFence(text), ...toKey([next, ...rest], false) };
}

/**
 * Checks that a decoded key can name an object, here and in every store.
 *
 * @throws MediaError `invalid_path` naming what is wrong with it.
 */
export function checkKey(key: string): void {
  const problem = findKeyProblem(key);
  if (problem) throw invalidPath(`the key ${problem}`);
}

function findKeyProblem(key: string): string | undefined {
  if (key === "") return "must not be empty";
  if (key.startsWith("/") || key.endsWith("/")) return 'must not start or end with "/"';
  if (key.split("/").some((segment) => segment === "." || segment === "..")) {
    return 'must not have "." or ".." as a segment';
  }
  if (/\p{Cc}/u.test(key)) return "must not contain control characters";
  if (/\p{Surrogate}/u.test(key)) return "must be well-formed Unicode";
  if (utf8Length(key) > MAX_KEY_BYTES) return `must have at most ${MAX_KEY_BYTES} bytes`;
  return undefined;
}

function toKey(segments: readonly string[], isFenced: boolean): ParsedPath {
  const key = segments.join("/");
  checkKey(key);
  return { key, isFenced };
}

function refuseSecondTransform(segment: string): void {
  if (!isTransform(segment)) return;
  const problem = `a path must have one segment of options, got a second, "${segment}"`;
  throw new MediaError("invalid_transform", `${problem}; ${adviseFence(segment)}`);
}

function isTransform(segment: string): boolean {
  try {
    return recognizeTransform(segment).kind === "transform";
  } catch (error) {
    if (error instanceof MediaError) return false; // only a fully correct one is a second one
    throw error;
  }
}

function invalidPath(message: string): MediaError {
  return new MediaError("invalid_path", message);
}
