import { invalidTransform } from "../errors.ts";
import { COLOR, GRAVITY, OPAQUE_COLOR, ROTATION } from "./codecs.ts";
import { replaceColorName } from "./color.ts";
import { findImageFormat } from "./formats.ts";
import { checkTransformLength } from "./limits.ts";
import type { Modifier } from "./names.ts";
import {
  ALIASES,
  hintForSegment,
  isReservedName,
  MODIFIERS,
  readWord,
  REWRITTEN_NAMES,
  splitPieces,
  WORDS,
} from "./names.ts";
import type { Field, Option } from "./options.ts";
import { FIELDS, OPTION_NAMES, OPTIONS, printPiece } from "./options.ts";
import type { Mode, Presets, TransformSpec } from "./spec.ts";
import { MODE_FACTS } from "./spec.ts";

/** The segment that ends a transform, or stands for none: the rest is key, verbatim. */
export const FENCE = "_";

const MAX_PIECES = 24;

/** Options by their label: `w`, `e_blur`. */
const FIELD_BY_LABEL: ReadonlyMap<string, Field> = new Map(
  FIELDS.map((field) => [OPTIONS[field].label, field]),
);

/** Rewrites other spellings of a value, which are understood and never printed. */
const VALUE_SPELLINGS: ReadonlyMap<unknown, (text: string) => string> = new Map<
  unknown,
  (text: string) => string
>([
  [OPTIONS.format.codec, (text: string) => findImageFormat(text) ?? text],
  [ROTATION, turnClockwise],
  [GRAVITY, nameDirection],
  [COLOR, replaceColorName],
  [OPAQUE_COLOR, replaceColorName],
]);

const NO_PRESETS: Presets = new Map();

/**
 * Reads a decoded path segment if it is a transform; `undefined` means that it is part of the key. No
 * store is asked.
 *
 * @throws MediaError `invalid_transform` when the segment can only have been meant as a transform and
 * is not a correct one.
 */
export function recognizeTransform(
  segment: string,
  presets: Presets = NO_PRESETS,
): TransformSpec | undefined {
  const typed = splitPieces(segment);
  // each is read once, however often it stands there
  const pieces = [...new Set(typed)].map((piece) => readPiece(piece, presets));
  // bare words count only beside a name_value piece: `flip/` is a folder
  const hasNamed = pieces.some((piece) => piece.kind !== "invalid" && piece.isNamed);
  const mistakes = pieces.filter((piece) => piece.kind === "invalid");
  const wrong = mistakes.find((piece) => piece.isAttempt) ?? mistakes[0];
  if (wrong && (hasNamed || wrong.isAttempt)) {
    throw invalidTransform(`${wrong.problem()}; ${hintAtFence(segment)}`);
  }
  const isEnough = hasNamed && (typed.length > 1 || pieces.some((piece) => isPrimary(piece)));
  return isEnough ? combine(segment, pieces) : undefined;
}

/**
 * Parses the text of a transform, such as `w_300,h_200`.
 *
 * @param presets that `t_` may name; they are not expanded in the result
 * @throws MediaError `invalid_transform` naming the piece that is wrong and what was expected.
 */
export function parseTransform(text: string, presets: Presets = NO_PRESETS): TransformSpec {
  const pieces = text === "" ? [] : splitPieces(text).map((piece) => readPiece(piece, presets));
  const wrong = pieces.find((piece) => piece.kind === "invalid");
  if (wrong) throw invalidTransform(wrong.problem());
  return combine(text, pieces);
}

/** The way out for a folder that is called like options. */
export function hintAtFence(segment: string): string {
  const shown = segment.length > 80 ? `${segment.slice(0, 80)}...` : segment;
  return `if "${shown}" is a folder, put "${FENCE}/" before it`;
}

/**
 * Says why a segment was read as part of the key although it looks like options: a hint for a client
 * whose key does not exist.
 */
export function hintForKey(segment: string, presets: Presets): string | undefined {
  const typed = splitPieces(segment);
  const pieces = typed.map((piece) => readPiece(piece, presets));
  const wrong = pieces.find(
    (piece, index) => piece.kind === "invalid" && isReservedName(typed[index] ?? ""),
  );
  const wasRead = `"${segment}" was read as part of the key`;
  if (wrong?.kind === "invalid") {
    const hint = hintForSegment(segment);
    return `${wasRead}: ${wrong.problem()}${hint ? `; ${hint}` : ""}`;
  }
  const isAlmost = pieces.some((piece) => piece.kind === "settings");
  return isAlmost ? `${wasRead}: it needs another option, such as a width, beside it` : undefined;
}

/** A field and its value, kept with its canonical text so that two of them can be compared. */
interface Setting {
  readonly field: Field;
  readonly text: string;
  readonly value: unknown;
}

/** One piece of a segment, as it was understood. */
type Piece = ValidPiece | InvalidPiece;

interface ValidPiece {
  readonly kind: "settings";
  readonly settings: readonly Setting[];
  /** A word that has no settings: its meaning depends on the other pieces. */
  readonly modifier?: Modifier | undefined;
  /** Written as a `name_value`, which folders are seldom called. */
  readonly isNamed: boolean;
}

interface InvalidPiece {
  readonly kind: "invalid";
  /** Made only when it is needed: two kilobytes can hold a thousand pieces. */
  problem(): string;
  /** It can only have been meant as an option. */
  readonly isAttempt: boolean;
}

/** Reads one piece; a preset counts only when there is one of that name. */
function readPiece(piece: string, presets: Presets): Piece {
  const word = readWord(piece);
  const isNamed = word !== piece;
  const modifier = MODIFIERS.find((name) => name === word);
  if (modifier) return { ...toValid([]), modifier, isNamed };
  const meant = WORDS.get(word);
  if (meant) return { ...readPiece(meant, presets), isNamed } as Piece; // it is always correct
  const cut = piece.indexOf("_");
  return cut === -1
    ? toUnknown(piece, piece)
    : readNamed(piece, { typed: piece.slice(0, cut), value: piece.slice(cut + 1) }, presets);
}

function readNamed(
  piece: string,
  { typed, value }: { readonly typed: string; readonly value: string },
  presets: Presets,
): Piece {
  const rewritten = REWRITTEN_NAMES.find((name) => name === typed);
  if (rewritten) return readRewritten(rewritten, value);
  const name = ALIASES.get(typed) ?? typed;
  if (name === "e") return readEffect(value);
  if (name === "fl") return readFlags(value);
  const field = FIELD_BY_LABEL.get(name);
  if (!field) return toUnknown(piece, name);
  return field === "presets" ? readPresets(value, presets) : readOption(field, typed, value);
}

function readOption(field: Field, typed: string, text: string): Piece {
  const setting = readSetting(field, text);
  if (setting) return toValid([setting]);
  const isAttempt = OPTIONS[field].isNumeric === true && /^[\d+.-]/.test(text);
  return { ...toInvalid(typed, () => OPTIONS[field].codec.expected, text), isAttempt };
}

/** `blur`, `blur:200`; without a value the effect has its implied one. */
function readEffect(text: string): Piece {
  const [word = "", value, ...rest] = text.split(":");
  const field = FIELD_BY_LABEL.get(`e_${word}`);
  if (!field) return toInvalid("e", () => `one of ${listWords("e")}`, text);
  const { implied, codec }: Option = OPTIONS[field];
  if (value === undefined && implied !== undefined) return toValid([toSetting(field, implied)]);
  // only colours have a colon of their own: `tint:rgb:ff0000`
  const given = [value, ...rest].join(":");
  const setting = readSetting(field, given);
  return setting ? toValid([setting]) : toInvalid(`e_${word}`, () => codec.expected, given);
}

function readFlags(text: string): Piece {
  const fields = text.split(".").map((word) => FIELD_BY_LABEL.get(`fl_${word}`));
  const settings = fields.flatMap((field) => (field ? toSetting(field, true) : []));
  if (settings.length === fields.length) return toValid(settings);
  return toInvalid("fl", () => `some of ${listWords("fl")}, joined by dots`, text);
}

function listWords(name: "e" | "fl"): string {
  const options = FIELDS.map((field) => OPTIONS[field]);
  return options.flatMap((option) => (option.name === name && option.word) || []).join(", ");
}

function readPresets(text: string, presets: Presets): Piece {
  const setting = readSetting("presets", text);
  const isKnown = text.split(".").every((name) => presets.has(name));
  if (setting && isKnown) return toValid([setting]);
  const known = [...presets.keys()].join(", ");
  const expected = known ? `some of ${known}, joined by dots` : "a preset, and there are none";
  return toInvalid("t", () => expected, text);
}

function readRewritten(name: keyof typeof REWRITES, value: string): Piece {
  const { rewrite, expected } = REWRITES[name];
  const pieces = rewrite(value).map((piece) => readPiece(piece, NO_PRESETS));
  const settings = pieces.flatMap((piece) => (piece.kind === "settings" ? piece.settings : []));
  // a side that is given twice is too much
  const isRight = settings.length === pieces.length && settings.length < 3;
  return isRight ? toValid(settings) : toInvalid(name, () => expected, value);
}

/** A spelling whose value is rewritten together with its name. */
interface Rewrite {
  /** Completes the sentence "option … must be …". */
  readonly expected: string;
  /** The pieces that the value stands for; wrong ones when it is no such value. */
  rewrite(value: string): readonly string[];
}

const REWRITES: Readonly<Record<(typeof REWRITTEN_NAMES)[number], Rewrite>> = {
  s: { expected: "like 300x200 or 300", rewrite: rewriteSize },
  resize: { expected: "like 300x200 or 300", rewrite: rewriteSize },
  fit: {
    expected: "one of cover, contain, fill, inside",
    rewrite: (value) => [`c_${FIT_MODES.get(value)}`],
  },
  blur: { expected: "from 0.3 to 40", rewrite: (value) => rewriteSigma("blur", 50, value) },
  sharpen: { expected: "from 0.1 to 10", rewrite: (value) => rewriteSigma("sharpen", 10, value) },
};

const FIT_MODES: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ["cover", "lfill"],
  ["contain", "pad"],
  ["fill", "scale"],
  ["inside", "limit"],
]);

function rewriteSize(value: string): readonly string[] {
  const [width, ...height] = value.split("x");
  return [`w_${width}`, ...height.map((side) => `h_${side}`)];
}

function rewriteSigma(effect: string, unit: number, value: string): readonly string[] {
  const isSigma = /^\d{1,3}(?:\.\d{1,4})?$/.test(value);
  return isSigma ? [`e_${effect}:${Math.round(Number(value) * unit)}`] : [""];
}

function readSetting(field: Field, text: string): Setting | undefined {
  const { codec } = OPTIONS[field];
  const value = codec.parse(VALUE_SPELLINGS.get(codec)?.(text) ?? text);
  return value === undefined ? undefined : toSetting(field, value);
}

/** Other services have negative degrees, anticlockwise. */
function turnClockwise(text: string): string {
  return /^-[1-9]\d{0,2}$/.test(text) ? String(360 + Number(text)) : text;
}

/** Turns the words of sharp and IPX into those of the grammar: `right top`, `northeast`, `centre`. */
function nameDirection(text: string): string {
  const words = text
    .replace("top", "north")
    .replace("bottom", "south")
    .replace("left", "west")
    .replace("right", "east")
    .replace("centre", "center")
    .replace("attention", "auto");
  // either may come first
  return words
    .replace(/^(north|south)[- ]?(east|west)$/, "$1_$2")
    .replace(/^(east|west)[-_ ]?(north|south)$/, "$2_$1");
}

function toSetting(field: Field, value: unknown): Setting {
  return { field, text: printPiece(field, value as never), value }; // it is one of that field
}

function toValid(settings: readonly Setting[]): ValidPiece {
  return { kind: "settings", settings, isNamed: true };
}

function toInvalid(name: string, expected: () => string, got: string): InvalidPiece {
  const problem = (): string => `option "${name}" must be ${expected()}, got "${got}"`;
  return { kind: "invalid", problem, isAttempt: false };
}

function toUnknown(piece: string, name: string): InvalidPiece {
  const problem = (): string =>
    `unknown option "${name}" in "${piece}", expected one of ${OPTION_NAMES.join(", ")}`;
  return { kind: "invalid", problem, isAttempt: false };
}

function isPrimary(piece: Piece): boolean {
  if (piece.kind === "invalid" || !piece.isNamed) return false;
  const { modifier = "enlarge", settings } = piece;
  return modifier !== "enlarge" || settings.some(({ field }) => !OPTIONS[field].isSecondary);
}

function combine(text: string, pieces: readonly Piece[]): TransformSpec {
  checkTransformLength(text);
  const count = splitPieces(text).length;
  if (count > MAX_PIECES) {
    throw invalidTransform(`a transform must have at most ${MAX_PIECES} options, got ${count}`);
  }
  const has = (modifier: Modifier): boolean =>
    pieces.some((piece) => piece.kind === "settings" && piece.modifier === modifier);
  const flip = (has("flop") ? "h" : "") + (has("flip") ? "v" : "");
  const spec = merge([
    ...pieces.flatMap((piece) => (piece.kind === "settings" ? piece.settings : [])),
    ...(flip ? [toSetting("flip", flip)] : []),
  ]);
  if (!has("enlarge")) return spec;
  const { mode = "lfill" } = spec;
  return { ...spec, mode: MODE_FACTS[mode]?.enlarged ?? mode };
}

function merge(settings: readonly Setting[]): TransformSpec {
  const seen = new Map<Field, string>();
  const spec: Record<string, unknown> = {};
  for (const { field, text, value } of settings) {
    const earlier = seen.get(field) ?? text;
    if (earlier !== text) {
      const problem = `option "${OPTIONS[field].label}" is given twice`;
      throw invalidTransform(`${problem}, as "${earlier}" and as "${text}"`);
    }
    seen.set(field, text);
    spec[field] = value;
  }
  return spec; // each value is one of its field
}
