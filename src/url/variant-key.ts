import { MediaError } from "../errors.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { parseTransform } from "../transform/parse.ts";
import { printTransform } from "../transform/options.ts";
import type { TransformSpec } from "../transform/spec.ts";
import type { OutputFormat } from "../transform/formats.ts";
import { DESCRIPTION_FORMATS, hasFeature, IMAGE_FORMATS } from "../transform/formats.ts";
import { encodeKey, encodeTransform } from "./percent.ts";

/** The place of variants: nothing under the root is ever an original, whatever its epoch. */
export interface VariantPrefix {
  /** A folder with its slash: `variants/`. */
  readonly root: string;
  /** Changes when the same spec comes to mean other bytes: `1`. */
  readonly epoch: string;
}

/** True for a key that is reserved for variants, of any epoch. */
export function isUnderRoot(root: string, key: string): boolean {
  return `${key}/`.startsWith(root);
}

/** How an empty spec is written in a stored file name. */
const EMPTY_SPEC = "_";

/** The one identity of a variant: an original, a canonical spec, and a concrete format. */
export interface VariantAddress {
  readonly key: string;
  /** As `normalizeTransform` gives it for `format`. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** The object key of a variant: `variants/1/photos/cat.jpg/w_300,h_200.webp`. */
export function toVariantKey(prefix: VariantPrefix, { key, spec, format }: VariantAddress): string {
  return `${toVariantFolder(prefix, key)}${printStoredTransform(spec)}.${format}`;
}

/** The canonical text of a spec as it stands in a stored file name. */
export function printStoredTransform(spec: TransformSpec): string {
  return printTransform(spec) || EMPTY_SPEC;
}

/** The beginning of the keys of all variants of one original. */
export function toVariantFolder({ root, epoch }: VariantPrefix, key: string): string {
  return `${root}${epoch}/${key}/`;
}

/**
 * Reads a variant key back. `undefined` for text that is not exactly what `variantKey` prints: each
 * variant has one spelling.
 */
export function parseVariantKey(prefix: VariantPrefix, text: string): VariantAddress | undefined {
  const folder = `${prefix.root}${prefix.epoch}/`;
  const slash = text.lastIndexOf("/");
  const dot = text.lastIndexOf(".");
  if (!text.startsWith(folder) || slash <= folder.length || dot < slash) return undefined;
  const format = [...IMAGE_FORMATS, ...DESCRIPTION_FORMATS].find(
    (name) => name === text.slice(dot + 1),
  );
  const spec = format && parseCanonical(text.slice(slash + 1, dot), format);
  if (!format || !spec) return undefined;
  return { key: text.slice(folder.length, slash), spec, format };
}

/** A variant key as it is written in a URL; the options stay readable. */
export function encodeVariantKey(text: string): string {
  const slash = text.lastIndexOf("/") + 1;
  return encodeKey(text.slice(0, slash)) + encodeTransform(text.slice(slash));
}

function parseCanonical(text: string, format: OutputFormat): TransformSpec | undefined {
  try {
    const { animated, ...typed } = parseTransform(text === EMPTY_SPEC ? "" : text);
    const spec = normalizeTransform(typed, format);
    // names from when all frames had to be asked for are read as those without it
    const named = animated && hasFeature(format, "hasMotion") ? { ...spec, animated } : spec;
    return printStoredTransform(named) === text ? spec : undefined;
  } catch (error) {
    if (error instanceof MediaError) return undefined; // no variant has such a name
    throw error;
  }
}
