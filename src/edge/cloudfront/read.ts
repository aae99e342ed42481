import { ALIASES, BARE, ENLARGED, FITS, NUMERIC, SECONDARY, STANDARD } from "./tables.ts";
import { ON, readValue } from "./values.ts";

/** What a spec says, in canonical texts by label: `{ w: "300", e_blur: "100" }`; absent is empty too. */
export interface Texts {
  w?: string;
  h?: string;
  ar?: string;
  c?: string;
  g?: string;
  crop?: string;
  trim?: string;
  a?: string;
  b?: string;
  r?: string;
  f?: string;
  q?: string;
  v?: string;
  t?: string;
  dpr?: string;
  exp?: string;
  [label: string]: string | undefined;
}

/* Put in when the Function is made for a service. */

/** Canonical texts by name. */
declare const PRESETS: Readonly<Record<string, string>>;
declare const HAS_LISTS: boolean;

/** Read, it has settings; a piece that is none has not. */
interface Piece {
  settings?: readonly Setting[] | false;
  /** `enlarge`, `flip` or `flop`. */
  flag?: string;
  isNamed?: boolean;
  isAttempt?: boolean;
}

/** The text is empty for a value that is none. */
type Setting = readonly [label: string, text: string];

/** Why something is left to the service does not matter: it will say so itself. */
export function leave(): never {
  throw Error();
}

/** Names come from URLs: what objects inherit is in no table. */
function get<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return {}.hasOwnProperty.call(table, name) ? table[name] : undefined;
}

/** Reads a segment if it is a transform; throws when it can only have been meant as one. */
export function readSegment(segment: string): Texts | undefined {
  // a longer one is no correct transform, whatever it is
  if (segment.length > 240) leave();
  const typed = segment.split("&").join(",").split(",");
  if (typed.length > 24 || byteLength(segment) > 240) leave();
  const pieces = typed.map(readPiece);
  const isNamed = pieces.some((piece) => piece.settings && piece.isNamed);
  if (pieces.some((piece) => !piece.settings && (isNamed || piece.isAttempt))) leave();
  return isNamed && (typed.length > 1 || isPrimary(pieces[0] || {})) ? combine(pieces) : undefined;
}

/** What is left to the service, although it may be an option. */
export function isSeldom(segment: string): boolean {
  return HAS_LISTS && /(?:^|[,&])(?:b|background|crop|e|extract|blur|sharpen)_/.test(segment);
}

/** Reads what a preset stands for. */
export function readPreset(name: string): Texts {
  const spec: Texts = {};
  (PRESETS[name] || "").split(",").forEach((piece) => {
    const parts = piece.split("=");
    spec[parts[0] || ""] = parts[1] || "";
  });
  return spec;
}

/** Of UTF-8. */
export function byteLength(text: string): number {
  const encoded = encodeURIComponent(text);
  return encoded.length - 2 * (encoded.split("%").length - 1);
}

function isPrimary(piece: Piece): boolean {
  return (
    /^fl.p$/.test(piece.flag || "") ||
    (piece.settings || []).some((setting) => !SECONDARY.test(setting[0]))
  );
}

function combine(pieces: readonly Piece[]): Texts {
  const spec: Texts = {};
  const add = (setting: Setting): void => {
    if ((spec[setting[0]] || setting[1]) !== setting[1]) leave();
    spec[setting[0]] = setting[1];
  };
  pieces.forEach((piece) => (piece.settings || []).forEach(add));
  const has = (flag: string): boolean => pieces.some((piece) => piece.flag === flag);
  const flip = (has("flop") ? "h" : "") + (has("flip") ? "v" : "");
  if (flip) add(["flip", flip]);
  const mode = spec.c || "lfill";
  if (has("enlarge")) spec.c = ENLARGED[mode] || mode;
  return spec;
}

function readPiece(piece: string): Piece {
  const word = piece.replace(/_(?:true|1)$/, "");
  const isNamed = word !== piece;
  if (/^(?:enlarge|flip|flop)$/.test(word)) return { settings: [], flag: word, isNamed };
  const meant = get(BARE, word);
  if (meant) return { settings: [[meant, STANDARD[meant] || ON]], isNamed };
  const cut = piece.indexOf("_");
  if (cut < 0) return {};
  const typed = piece.slice(0, cut);
  const name = get(ALIASES, typed) || typed;
  const value = piece.slice(cut + 1);
  const settings = (get(READERS, name) || readOption)(value, name);
  return {
    settings: settings.every((setting) => setting[1]) && settings,
    isNamed: true,
    isAttempt: NUMERIC.test(name) && /^[\d+.-]/.test(value),
  };
}

type Reader = (value: string, name: string) => readonly Setting[];

/** What takes more than the value of one option. */
const READERS: Readonly<Record<string, Reader>> = {
  s: readSize,
  resize: readSize,
  fit: (value) => [readSetting("c", get(FITS, value) || "")],
  e: HAS_LISTS ? readOption : readEffect,
  fl: (value) => value.split(".").map((word) => readSetting(`fl_${word}`, "")),
  t: (value) => [["t", value.split(".").every((name) => get(PRESETS, name)) ? value : ""]],
  blur: HAS_LISTS ? readOption : readSigma,
  sharpen: HAS_LISTS ? readOption : readSigma,
};

function readOption(value: string, name: string): readonly Setting[] {
  return [readSetting(name, name === "f" && value === "jpeg" ? "jpg" : value)];
}

function readEffect(value: string): readonly Setting[] {
  const word = value.replace(/:.*/, "");
  const given = value === word ? STANDARD[`e_${word}`] || "" : value.slice(word.length + 1);
  return [readSetting(`e_${word}`, given)];
}

function readSetting(label: string, value: string): Setting {
  return [label, readValue(label, value)];
}

function readSize(value: string): readonly Setting[] {
  // a third side is too much
  return value.split("x").map((side, index) => readSetting(["w", "h", ""][index] || "", side));
}

function readSigma(value: string, name: string): readonly Setting[] {
  const isSigma = /^\d{1,3}(?:\.\d{1,4})?$/.test(value);
  const sigma = Math.round(+value * (name === "blur" ? 50 : 10));
  return [readSetting(`e_${name}`, isSigma ? `${sigma}` : "-")];
}
