import type { Flag, Rewrite } from "./aliases.ts";
import { asFlag, bareWord, RENAMED, REWRITTEN, WORDS } from "./aliases.ts";
import type { Field } from "./fields.ts";
import { findImageFormat } from "./formats.ts";
import { DEFAULTS, FIELDS, LABELS, nameOf } from "./fields.ts";
import { isNumeric, wordsOf } from "./options.ts";
import type { Presets, Vocabulary } from "./presets.ts";
import { NO_VOCABULARY } from "./presets.ts";
import { printPiece } from "./print.ts";
import type { TransformSpec } from "./spec.ts";
import { expectedOf, parseValue } from "./values.ts";

/** A field and its value, kept with its canonical text so that two of them can be compared. */
export interface Setting {
  readonly field: Field;
  readonly text: string;
  readonly patch: TransformSpec;
}

/** What one piece of a segment turned out to be. */
export type Piece =
  | {
      readonly kind: "settings";
      readonly settings: readonly Setting[];
      /** A word that has no settings: what it means depends on what stands beside it. */
      readonly flag?: Flag;
      /** Written as a `name_value`, which no folder is likely to be called. */
      readonly isNamed: boolean;
    }
  | {
      readonly kind: "invalid";
      /** Made only when it is wanted: two kilobytes can hold a thousand pieces. */
      problem(): string;
      /** It can only have been meant as an option. */
      readonly isAttempt: boolean;
    };

type Valid = Extract<Piece, { kind: "settings" }>;
type Invalid = Extract<Piece, { kind: "invalid" }>;

/** Fields by what they are called: `w`, `e_blur`. */
const FIELD_BY_LABEL: ReadonlyMap<string, Field> = new Map(
  FIELDS.map((field) => [LABELS[field], field]),
);

/** Reads one piece; a preset counts only when there is one of that name. */
export function readPiece(piece: string, vocabulary: Vocabulary): Piece {
  const word = bareWord(piece);
  const isNamed = word !== piece;
  const flag = asFlag(word);
  if (flag) return { ...valid([]), flag, isNamed };
  const meant = WORDS.get(word);
  if (meant) return { ...readPiece(meant, vocabulary), isNamed } as Piece; // it is always correct
  const cut = piece.indexOf("_");
  return cut === -1
    ? unknown(piece, piece)
    : readNamed(piece, { typed: piece.slice(0, cut), value: piece.slice(cut + 1) }, vocabulary);
}

function readNamed(
  piece: string,
  { typed, value }: { readonly typed: string; readonly value: string },
  { presets }: Vocabulary,
): Piece {
  const rewrite = REWRITTEN.get(typed);
  if (rewrite) return readRewritten(typed, value, rewrite);
  const name = RENAMED.get(typed) ?? typed;
  if (name === "e") return readEffect(value);
  if (name === "fl") return readFlags(value);
  const field = FIELD_BY_LABEL.get(name);
  if (!field) return unknown(piece, name);
  return field === "presets" ? readPresets(value, presets) : readOption(field, typed, value);
}

function readOption(field: Field, typed: string, text: string): Piece {
  const setting = readSetting(field, (field === "format" && findImageFormat(text)) || text);
  if (setting) return valid([setting]);
  const isAttempt = isNumeric(field) && /^[\d+.-]/.test(text);
  return { ...invalid(typed, () => expectedOf(field), text), isAttempt };
}

/** `blur`, `blur:200`; without a value the effect has its default one. */
function readEffect(text: string): Piece {
  const [word = "", value, ...rest] = text.split(":");
  const field = FIELD_BY_LABEL.get(`e_${word}`);
  if (!field) {
    return invalid("e", () => `one of ${wordsOf("e")}`, text);
  }
  // only colours have a colon of their own: `tint:rgb:ff0000`
  const given = rest.length > 0 ? [value, ...rest].join(":") : value;
  const setting = readSetting(field, given ?? `${DEFAULTS[field] ?? ""}`);
  if (setting) return valid([setting]);
  return invalid(`e_${word}`, () => expectedOf(field), given ?? "");
}

function readFlags(text: string): Piece {
  const fields = text.split(".").map((word) => FIELD_BY_LABEL.get(`fl_${word}`));
  const settings = fields.flatMap((field) => (field && readSetting(field, "")) ?? []);
  if (settings.length === fields.length) return valid(settings);
  return invalid("fl", () => `some of ${wordsOf("fl")}, joined by dots`, text);
}

function readPresets(text: string, presets: Presets): Piece {
  const setting = readSetting("presets", text);
  const isKnown = text.split(".").every((name) => presets.has(name));
  if (setting && isKnown) return valid([setting]);
  const known = [...presets.keys()].join(", ") || "none";
  return invalid("t", () => `some of ${known}, joined by dots`, text);
}

function readRewritten(name: string, value: string, { rewrite, expected }: Rewrite): Piece {
  const pieces = rewrite(value).map((piece) => readPiece(piece, NO_VOCABULARY));
  const settings = pieces.flatMap((piece) => (piece.kind === "settings" ? piece.settings : []));
  // a side that is given twice is too much
  const isRight = settings.length === pieces.length && settings.length < 3;
  return isRight ? valid(settings) : invalid(name, () => expected, value);
}

function readSetting(field: Field, text: string): Setting | undefined {
  const value = parseValue(field, text);
  if (value === undefined) return undefined;
  // the row of a field parses values of that field
  const patch = { [field]: value } as TransformSpec;
  return { field, text: printPiece(field, value as never), patch };
}

function valid(settings: readonly Setting[]): Valid {
  return { kind: "settings", settings, isNamed: true };
}

function invalid(name: string, expected: () => string, got: string): Invalid {
  const problem = (): string => `option "${name}" must be ${expected()}, got "${got}"`;
  return { kind: "invalid", problem, isAttempt: false };
}

function unknown(piece: string, name: string): Invalid {
  const problem = (): string => {
    const names = [...new Set(FIELDS.map(nameOf))].join(", ");
    return `unknown option "${name}" in "${piece}", expected one of ${names}`;
  };
  return { kind: "invalid", problem, isAttempt: false };
}
