import type { Flag } from "./aliases.ts";
import { parseFlag, RENAMED, RESERVED_FLAGS, RESERVED_NAMES, REWRITTEN } from "./aliases.ts";
import type { Field } from "./options.ts";
import { FIELDS, OPTIONS } from "./options.ts";
import type { TransformSpec } from "./spec.ts";

/** A field and its value, kept with its canonical text so that two of them can be compared. */
export interface Setting {
  readonly field: Field;
  readonly text: string;
  readonly patch: TransformSpec;
}

/** What one piece of a segment turned out to be. */
export type Piece =
  | { readonly kind: "settings"; readonly settings: readonly Setting[] }
  | {
      readonly kind: "flag";
      readonly flag: Flag;
      /** Written `flip_true`, which no folder is likely to be called. */
      readonly isNamed: boolean;
    }
  | {
      readonly kind: "invalid";
      readonly problem: string;
      /** It carries the name of an option. */
      readonly isRegistered: boolean;
      /** It can only have been meant as an option. */
      readonly isAttempt: boolean;
    };

const FIELD_BY_NAME: ReadonlyMap<string, Field> = new Map(
  FIELDS.map((field) => [OPTIONS[field].name, field]),
);

const OPTION_NAMES = FIELDS.map((field) => OPTIONS[field].name).join(", ");

/** Cuts a decoded segment into its pieces; both separators of the field are understood. */
export function splitPieces(segment: string): readonly string[] {
  return segment.split(/[,&]/);
}

export function readPiece(piece: string): Piece {
  const flag = parseFlag(piece);
  const cut = piece.indexOf("_");
  if (flag) return { kind: "flag", flag, isNamed: cut !== -1 };
  if (cut === -1) return unknown(piece, piece);
  const name = piece.slice(0, cut);
  const value = piece.slice(cut + 1);
  return Object.hasOwn(REWRITTEN, name)
    ? readRewritten(name, value)
    : readOption(piece, name, value);
}

/** True when the piece carries a name that is taken or kept back, whatever its value. */
export function hasRegisteredName(piece: string): boolean {
  if (parseFlag(piece) !== undefined) return true;
  const cut = piece.indexOf("_");
  if (cut === -1) return RESERVED_FLAGS.has(piece);
  const name = piece.slice(0, cut);
  return isOptionName(name) || RESERVED_NAMES.has(name) || name.startsWith("$");
}

function isOptionName(name: string): boolean {
  return FIELD_BY_NAME.has(canonicalName(name)) || Object.hasOwn(REWRITTEN, name);
}

function canonicalName(name: string): string {
  return Object.hasOwn(RENAMED, name) ? String(RENAMED[name]) : name;
}

function readOption(piece: string, name: string, value: string): Piece {
  const field = FIELD_BY_NAME.get(canonicalName(name));
  if (!field) return unknown(piece, name);
  const setting = readSetting(field, value);
  if (setting) return { kind: "settings", settings: [setting] };
  return {
    kind: "invalid",
    problem: `option "${name}" must be ${OPTIONS[field].value.expected}, got "${value}"`,
    isRegistered: true,
    isAttempt: OPTIONS[field].isNumeric === true && /^[\d+.-]/.test(value),
  };
}

function readRewritten(name: string, value: string): Piece {
  const row = REWRITTEN[name];
  const pieces = row?.rewrite(value) ?? [];
  const settings = pieces.flatMap(([option, text]) => {
    const field = FIELD_BY_NAME.get(option);
    return (field && readSetting(field, text)) ?? [];
  });
  if (settings.length > 0 && settings.length === pieces.length) {
    return { kind: "settings", settings };
  }
  const problem = `option "${name}" must be ${row?.expected ?? ""}, got "${value}"`;
  return { kind: "invalid", problem, isRegistered: true, isAttempt: false };
}

function readSetting<F extends Field>(field: F, text: string): Setting | undefined {
  const { parse, print } = OPTIONS[field].value;
  const value = parse(text);
  if (value === undefined) return undefined;
  const patch = { [field]: value } as TransformSpec; // the row at `field` parses values of that field
  return { field, text: print(value as never), patch };
}

function unknown(piece: string, name: string): Piece {
  const problem = `unknown option "${name}" in "${piece}", expected one of ${OPTION_NAMES}`;
  return {
    kind: "invalid",
    problem,
    isRegistered: RESERVED_NAMES.has(name),
    isAttempt: false,
  };
}
