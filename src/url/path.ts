import { invalidTransform, MediaError } from "../errors.ts";
import { recognizeTransform, hintAtFence, FENCE } from "../transform/parse.ts";
import type { Presets, TransformSpec } from "../transform/spec.ts";
import { checkBytes } from "../transform/limits.ts";
import { checkKey, MAX_PATH_BYTES, SIGNATURE_SEGMENT } from "./key.ts";
import { decodeSegment } from "./percent.ts";

/** A request target taken apart, before anything in it is given a meaning. */
export interface Target {
  /** The text between `s--` and `--` of the first segment. */
  readonly signature?: string;
  /** All that follows the signature, decoded once: what is signed, and what is parsed. */
  readonly path: string;
  /** The raw text after the first `?`. */
  readonly query: string;
}

/** A decoded path: a key, and the transform of its original, if there is one. */
export interface ParsedPath {
  /** Presets are named in it, and not expanded. */
  readonly spec?: TransformSpec;
  /** The segment that the spec was read from. */
  readonly text?: string;
  readonly isFenced: boolean;
  readonly key: string;
}

/**
 * Takes a raw request target apart: `/s--…--/w_300/a%20b.jpg?v=1`.
 *
 * @param basePath what stands before all paths of this service: empty, or like `/i`
 * @throws MediaError `invalid_path` when it is not under the base path or is too long.
 */
export function splitTarget(target: string, basePath = ""): Target {
  const [rawPath = "", ...queries] = target.split("?");
  const query = queries.join("?");
  checkBytes("a path", rawPath, { max: MAX_PATH_BYTES });
  if (!rawPath.startsWith(`${basePath}/`)) {
    throw new MediaError("invalid_path", `the path must start with "${basePath}/"`);
  }
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
 * Splits a decoded path into transform and key.
 *
 * @throws MediaError `invalid_transform` for a transform that is not correct, `invalid_path` for a key
 * that no object can have.
 */
export function splitPath(path: string, presets?: Presets): ParsedPath {
  const [text = "", ...rest] = path.split("/");
  if (rest.length === 0) return toKey([text]);
  if (text === FENCE) return toKey(rest, true);
  const spec = recognizeTransform(text, presets);
  if (!spec) return toKey([text, ...rest]);
  const [next = "", ...further] = rest;
  if (further.length === 0) return { spec, text, ...toKey(rest) };
  if (next === FENCE) return { spec, text, ...toKey(further, true) };
  refuseSecondTransform(next, presets);
  return { spec, text, ...toKey(rest) };
}

function toKey(segments: readonly string[], isFenced = false): ParsedPath {
  const key = segments.join("/");
  checkKey(key);
  return { key, isFenced };
}

function refuseSecondTransform(segment: string, presets: Presets | undefined): void {
  if (!isTransform(segment, presets)) return;
  const problem = `a path must have one segment of options, got a second, "${segment}"`;
  throw invalidTransform(`${problem}; ${hintAtFence(segment)}`);
}

function isTransform(segment: string, presets: Presets | undefined): boolean {
  try {
    return recognizeTransform(segment, presets) !== undefined;
  } catch (error) {
    if (error instanceof MediaError) return false; // only a fully correct one is a second one
    throw error;
  }
}
