import { invalidTransform } from "../errors.ts";
import { ENLARGING } from "./aliases.ts";
import type { Flag } from "./aliases.ts";
import { splitPieces } from "./names.ts";
import type { Field } from "./fields.ts";
import { LABELS } from "./fields.ts";
import { isPrimary } from "./options.ts";
import type { Piece, Setting } from "./pieces.ts";
import { readPiece } from "./pieces.ts";
import type { Vocabulary } from "./presets.ts";
import { NO_VOCABULARY } from "./presets.ts";
import type { TransformSpec } from "./spec.ts";
import { checkText, FENCE } from "./text.ts";

const MAX_PIECES = 24;

/**
 * Reads a decoded path segment if it is a transform; `undefined` means that it is part of the key. No
 * store is asked.
 *
 * @throws MediaError `invalid_transform` when the segment can only have been meant as a transform and
 * is not a correct one.
 */
export function recognizeTransform(
  segment: string,
  vocabulary: Vocabulary = NO_VOCABULARY,
): TransformSpec | undefined {
  const typed = splitPieces(segment);
  // each is read once, however often it stands there
  const pieces = [...new Set(typed)].map((piece) => readPiece(piece, vocabulary));
  // bare words count only beside a name_value piece: `flip/` is a folder
  const hasNamed = pieces.some((piece) => piece.kind !== "invalid" && piece.isNamed);
  const invalid = pieces.filter((piece) => piece.kind === "invalid");
  const wrong = invalid.find((piece) => piece.isAttempt) ?? invalid[0];
  if (wrong && (hasNamed || wrong.isAttempt)) {
    throw invalidTransform(`${wrong.problem()}; ${adviseFence(segment)}`);
  }
  const isEnough = hasNamed && (typed.length > 1 || pieces.some((piece) => isPrimaryPiece(piece)));
  return isEnough ? combine(segment, pieces) : undefined;
}

/**
 * Parses the text of a transform, such as `w_300,h_200`.
 *
 * @param vocabulary has the presets that `t_` may name; they are not expanded in the result
 * @throws MediaError `invalid_transform` naming the piece that is wrong and what was expected.
 */
export function parseTransform(
  text: string,
  vocabulary: Vocabulary = NO_VOCABULARY,
): TransformSpec {
  const pieces = text === "" ? [] : splitPieces(text).map((piece) => readPiece(piece, vocabulary));
  const wrong = pieces.find((piece) => piece.kind === "invalid");
  if (wrong) throw invalidTransform(wrong.problem());
  return combine(text, pieces);
}

/** The way out for a folder that is called like options. */
export function adviseFence(segment: string): string {
  const shown = segment.length > 80 ? `${segment.slice(0, 80)}...` : segment;
  return `if "${shown}" is a folder, put "${FENCE}/" before it`;
}

function isPrimaryPiece(piece: Piece): boolean {
  if (piece.kind === "invalid" || !piece.isNamed) return false;
  const { flag = "enlarge", settings } = piece;
  return flag !== "enlarge" || settings.some(({ field }) => isPrimary(field));
}

function combine(text: string, pieces: readonly Piece[]): TransformSpec {
  checkText(text);
  const count = splitPieces(text).length;
  if (count > MAX_PIECES) {
    throw invalidTransform(`a transform must have at most ${MAX_PIECES} options, got ${count}`);
  }
  const has = (flag: Flag): boolean =>
    pieces.some((piece) => piece.kind === "settings" && piece.flag === flag);
  const flip = (has("flop") ? "h" : "") + (has("flip") ? "v" : "");
  const mirrored = flip ? [...pieces, readPiece(`flip_${flip}`, NO_VOCABULARY)] : pieces;
  const spec = merge(
    mirrored.flatMap((piece) => (piece.kind === "settings" ? piece.settings : [])),
  );
  if (!has("enlarge")) return spec;
  const { mode = "lfill" } = spec;
  return { ...spec, mode: ENLARGING[mode] ?? mode };
}

function merge(settings: readonly Setting[]): TransformSpec {
  const seen = new Map<Field, string>();
  const spec = {};
  for (const { field, text, patch } of settings) {
    const earlier = seen.get(field) ?? text;
    if (earlier !== text) {
      const problem = `option "${LABELS[field]}" is given twice`;
      throw invalidTransform(`${problem}, as "${earlier}" and as "${text}"`);
    }
    seen.set(field, text);
    Object.assign(spec, patch);
  }
  return spec;
}
