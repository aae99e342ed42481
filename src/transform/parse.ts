import { MediaError } from "../errors.ts";
import { ENLARGING } from "./aliases.ts";
import type { Flag } from "./aliases.ts";
import type { Field } from "./options.ts";
import { FIELDS, OPTIONS } from "./options.ts";
import type { Piece, Setting } from "./pieces.ts";
import { readPiece, splitPieces } from "./pieces.ts";
import type { Flip, TransformSpec } from "./spec.ts";

/** The segment that ends a transform, or stands for none: what follows it is key, verbatim. */
export const FENCE = "_";

const MAX_SPEC_BYTES = 240;
const MAX_PIECES = 24;

/** What a path segment is: a transform, or part of the key, with a remark if it looked like one. */
export type Recognized =
  | { readonly kind: "transform"; readonly spec: TransformSpec }
  | { readonly kind: "key"; readonly hint?: string };

/**
 * Decides what a decoded path segment is, without asking any store.
 *
 * @throws MediaError `invalid_transform` when the segment can only have been meant as a transform and
 * is not a correct one.
 */
export function recognizeTransform(segment: string): Recognized {
  const pieces = splitPieces(segment).map((piece) => readPiece(piece));
  // bare words count only beside a name_value piece: `flip/` is a folder
  const hasNamed = pieces.some((piece) => isNamed(piece));
  const valid = hasNamed ? pieces.filter((piece) => piece.kind !== "invalid") : [];
  const invalid = pieces.filter((piece) => piece.kind === "invalid");
  const wrong = invalid.find((piece) => piece.isAttempt) ?? invalid[0];
  if (wrong && (valid.length > 0 || wrong.isAttempt)) {
    throw new MediaError("invalid_transform", `${wrong.problem}; ${adviseFence(segment)}`);
  }
  const isEnough = valid.length > 1 || valid.some((piece) => isPrimary(piece));
  if (wrong || !isEnough) return describeKey(segment, pieces);
  return { kind: "transform", spec: combine(segment, pieces) };
}

/**
 * Parses the text of a transform, such as `w_300,h_200`.
 *
 * @throws MediaError `invalid_transform` naming the piece that is wrong and what was expected.
 */
export function parseTransform(text: string): TransformSpec {
  const pieces = text === "" ? [] : splitPieces(text).map((piece) => readPiece(piece));
  const wrong = pieces.find((piece) => piece.kind === "invalid");
  if (wrong) throw new MediaError("invalid_transform", wrong.problem);
  return combine(text, pieces);
}

/** Prints a spec in canonical order. `parseTransform` gives it back. */
export function printTransform(spec: TransformSpec): string {
  return FIELDS.flatMap((field) => printField(spec, field) ?? []).join(",");
}

function printField<F extends Field>(spec: TransformSpec, field: F): string | undefined {
  const value = spec[field];
  if (value === undefined) return undefined;
  const { name, value: type } = OPTIONS[field];
  return `${name}_${type.print(value as never)}`; // the row at `field` prints values of that field
}

/** The way out for a folder that is called like options. */
export function adviseFence(segment: string): string {
  const shown = segment.length > 80 ? `${segment.slice(0, 80)}…` : segment;
  return `if "${shown}" is a folder, put "${FENCE}/" before it`;
}

function isNamed(piece: Piece): boolean {
  return piece.kind === "settings" || (piece.kind === "flag" && piece.isNamed);
}

function isPrimary(piece: Piece): boolean {
  if (piece.kind === "flag") return piece.isNamed && piece.flag !== "enlarge";
  return (
    piece.kind === "settings" &&
    piece.settings.some(({ field }) => OPTIONS[field].isPrimary === true)
  );
}

function describeKey(segment: string, pieces: readonly Piece[]): Recognized {
  const wrong = pieces.find((piece) => piece.kind === "invalid" && piece.isRegistered);
  if (wrong?.kind === "invalid") {
    return { kind: "key", hint: `"${segment}" was read as part of the key: ${wrong.problem}` };
  }
  const isAlmost = pieces.some((piece) => piece.kind === "settings");
  if (!isAlmost) return { kind: "key" };
  return {
    kind: "key",
    hint: `"${segment}" was read as part of the key: it needs another option, such as a width, beside it`,
  };
}

function combine(text: string, pieces: readonly Piece[]): TransformSpec {
  checkBounds(text, pieces.length);
  const settings = pieces.flatMap((piece) => (piece.kind === "settings" ? piece.settings : []));
  const flags = new Set(pieces.flatMap((piece) => (piece.kind === "flag" ? [piece.flag] : [])));
  return applyFlags(merge(settings), flags);
}

function checkBounds(text: string, count: number): void {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_SPEC_BYTES) {
    const problem = `a transform must have at most ${MAX_SPEC_BYTES} bytes, got ${bytes}`;
    throw new MediaError("invalid_transform", problem);
  }
  if (count > MAX_PIECES) {
    const problem = `a transform must have at most ${MAX_PIECES} options, got ${count}`;
    throw new MediaError("invalid_transform", problem);
  }
}

function merge(settings: readonly Setting[]): TransformSpec {
  const seen = new Map<Field, string>();
  const spec = {};
  for (const { field, text, patch } of settings) {
    const earlier = seen.get(field) ?? text;
    if (earlier !== text) throwContradiction(OPTIONS[field].name, earlier, text);
    seen.set(field, text);
    Object.assign(spec, patch);
  }
  return spec;
}

function applyFlags(spec: TransformSpec, flags: ReadonlySet<Flag>): TransformSpec {
  const flip = readFlip(flags);
  if (flip && spec.flip && flip !== spec.flip) throwContradiction("flip", spec.flip, flip);
  return {
    ...spec,
    ...(flip && { flip }),
    ...(flags.has("enlarge") && { mode: ENLARGING[spec.mode ?? "lfill"] }),
  };
}

function readFlip(flags: ReadonlySet<Flag>): Flip | undefined {
  if (flags.has("flip")) return flags.has("flop") ? "hv" : "v";
  return flags.has("flop") ? "h" : undefined;
}

function throwContradiction(name: string, first: string, second: string): never {
  const problem = `option "${name}" is given twice, as "${first}" and as "${second}"`;
  throw new MediaError("invalid_transform", problem);
}
