import { FIELDS, OPTION_NAMES, OPTIONS } from "./options.ts";

/** Names of options by other names for them. */
export const ALIASES: ReadonlyMap<string, string> = new Map(
  FIELDS.map((field) => OPTIONS[field]).flatMap(({ aliases = [], name }) =>
    aliases.map((alias) => [alias, name] as const),
  ),
);

/** Names whose values are rewritten too; the parser knows how. */
export const REWRITTEN_NAMES = ["s", "resize", "fit", "blur", "sharpen"] as const;

/** Bare words that count beside a `name_value` piece, and what they stand for. */
export const WORDS: ReadonlyMap<string, string> = new Map([
  ["animated", "fl_animated"],
  ["grayscale", "e_grayscale"],
  ["greyscale", "e_grayscale"],
  ["negate", "e_negate"],
  ["sharpen", "e_sharpen"],
]);

export const MODIFIERS = ["enlarge", "flip", "flop"] as const;
/** A bare word whose meaning depends on the options beside it. */
export type Modifier = (typeof MODIFIERS)[number];

/** Names of options that other services have and this one does not. */
const FOREIGN_NAMES = ["l", "u", "if", "o", "bo", "co", "x", "y", "z", "d"] as const;

/** Words that mean something without a value. */
const BARE_WORDS: readonly string[] = [...WORDS.keys(), ...MODIFIERS];

/** All names that mean something, here or in the grammars of other services. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...OPTION_NAMES,
  ...ALIASES.keys(),
  ...REWRITTEN_NAMES,
  ...FOREIGN_NAMES,
  ...BARE_WORDS,
]);

/**
 * True when a piece carries a reserved name, whatever its value. Key segments that hold one are fenced
 * when a URL is built, so that giving the name a meaning never changes an old URL.
 */
export function isReservedName(piece: string): boolean {
  const cut = piece.indexOf("_");
  if (cut === -1) return BARE_WORDS.includes(piece);
  return piece.startsWith("$") || RESERVED_NAMES.has(piece.slice(0, cut));
}

/** Cuts a decoded segment into its pieces, at either separator. */
export function splitPieces(segment: string): readonly string[] {
  return segment.split(/[,&]/);
}

/** The word that a piece is, bare or named: `negate`, `negate_true`, `negate_1`. */
export function readWord(piece: string): string {
  return piece.replace(/_(?:true|1)$/, "");
}

/** Hints at what to do instead, by foreign name or piece. Apart from the names, so that URL builders do without. */
const HINTS: Readonly<Record<(typeof FOREIGN_NAMES)[number], string>> &
  Readonly<Record<string, string>> = {
  l: "there are no layers here",
  u: "there are no layers here",
  if: "there are no conditions here",
  o: "there is no opacity here",
  bo: "there are no borders here; c_pad extends the image with the background b_",
  co: "a colour stands in the option that it is for, such as b_ff0000 or e_tint:ff0000",
  x: "a point is written as a gravity, such as g_0.3x0.7, a region as crop_X_Y_W_H",
  y: "a point is written as a gravity, such as g_0.3x0.7, a region as crop_X_Y_W_H",
  z: "there is no zoom here; crop_X_Y_W_H cuts a region out",
  d: "there are no default images here",
  c_crop: "to cut a region out use crop_X_Y_W_H",
  c_thumb: "use c_fill,g_auto",
  c_auto: "use c_fill,g_auto",
  g_face: "faces are not looked for; g_auto keeps what draws attention",
};

/** Says what to write instead of a piece of another service; `undefined` for one that none has. */
export function hintForPiece(piece: string): string | undefined {
  if (piece.startsWith("$")) return "there are no variables here";
  const [name = ""] = piece.split("_");
  if (Object.hasOwn(HINTS, piece)) return HINTS[piece];
  return piece !== name && Object.hasOwn(HINTS, name) ? HINTS[name] : undefined;
}

/** Says the same for the first piece of a segment that has a hint. */
export function hintForSegment(segment: string): string | undefined {
  for (const piece of splitPieces(segment)) {
    const hint = hintForPiece(piece);
    if (hint) return `"${piece}": ${hint}`;
  }
  return undefined;
}
