import { COLORS, COMPASS, KINDS, LEVELS, ORDER } from "./tables.ts";

/*
 * CloudFront's runtime has ECMAScript 5.1 and some of what came later: no destructuring, no spread, no
 * `for…of`, no defaults, no Map. The bundler refuses what it cannot take out. Size is what counts: a text
 * that is absent is an empty one.
 */

/** Whether there are lists: then the Function has no room for the options that these seldom allow. */
declare const HAS_LISTS: boolean;

/** In canonical order. */
export const FIELD_LABELS: readonly string[] = ORDER.split(" ");

/** What the text of a flag is. */
export const ON = "1";

/** Reads the value of an option, and gives its canonical text; empty when it is none. */
export function readValue(label: string, text: string): string {
  const kind = KINDS[FIELD_LABELS.indexOf(label)];
  if (kind === undefined) return "";
  if (typeof kind === "string") return (READERS[kind] as Reader)(text, label); // kinds have readers
  if (kind.slice(3).indexOf(text) >= 0) return text;
  const isBack = label === "a" && /^-[1-9]\d{0,2}$/.test(text);
  return readNumber(isBack ? `${360 + +text}` : text, kind);
}

type Reader = (text: string, label: string) => string;

const READERS: Readonly<Record<string, Reader>> = {
  "": (text) => (text ? "" : ON),
  ratio: readRatio,
  gravity: readGravity,
  crop: HAS_LISTS ? String : readCrop,
  quality: (text) => {
    if (text === "auto") return "auto:good";
    return LEVELS.indexOf(text) < 0 ? readNumber(text, [1, 100]) : text;
  },
  color: HAS_LISTS ? String : readColor,
  version: (text) => (/^[A-Za-z\d-]{1,64}$/.test(text) ? text : ""),
  presets: String, // known names are correct ones
};

function readNumber(text: string, range: readonly (number | string)[]): string {
  const places = +(range[2] || 0);
  const isWritten = places
    ? /^(?:0|[1-9]\d{0,8})(?:\.\d{1,4})?$/.test(text) && !(text.split(".")[1] || "")[places]
    : /^(?:0|-?[1-9]\d{0,9})$/.test(text);
  const isInside = +text >= +(range[0] || 0) && +text <= +(range[1] || 0);
  return isWritten && isInside ? `${+text}` : "";
}

function readRatio(text: string): string {
  const terms = text.split(":");
  if (terms.length < 2) {
    const value = readNumber(text, [0.0001, 8192, 4]);
    return value && reduce(Math.round(+value * 10_000), 10_000);
  }
  const width = readNumber(terms[0] || "", [1, 8192]);
  const height = readNumber(terms[1] || "", [1, 8192]);
  return width && height && terms.length < 3 ? reduce(+width, +height) : "";
}

function reduce(width: number, height: number): string {
  let a = width;
  let b = height;
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return Math.max(width, height) / a > 8192
    ? `${Math.round((width / height) * 10_000) / 10_000}`
    : `${width / a}:${height / a}`;
}

/** The two terms of a ratio's canonical text. */
export function termsOf(ratio: string): readonly [number, number] {
  const terms = ratio.split(":");
  return terms[1] ? [+(terms[0] || 0), +terms[1]] : [Math.round(+ratio * 10_000), 10_000];
}

const WORDS: Readonly<Record<string, string>> = {
  top: "north",
  bottom: "south",
  left: "west",
  right: "east",
  centre: "center",
  attention: "auto",
};

function readGravity(text: string): string {
  const word = text
    .replace(/top|bottom|left|right|centre|attention/g, (name) => WORDS[name] || "")
    .replace(/^(north|south)[- ]?(east|west)$/, "$1_$2")
    .replace(/^(east|west)[-_ ]?(north|south)$/, "$2_$1");
  if (/^(?:auto|entropy)$/.test(word) || COMPASS.indexOf(word) >= 0) return word;
  const point = text.split("x").map(readUnit);
  return point.length === 2 && point.every(Boolean) ? point.join("x") : "";
}

function readUnit(text: string): string {
  return readNumber(text, [0, 1, 4]);
}

function readCrop(text: string): string {
  const parts = text.split("_");
  const isFraction = parts.every((part) => /^[01]\.\d{1,4}$/.test(part));
  const read = parts.map((part, index) => {
    if (!isFraction) return readNumber(part, [index < 2 ? 0 : 1, 65_535]);
    const value = readUnit(part);
    if (value[1]) return value;
    return value && (index < 2 || +value) ? `${value}.0` : "";
  });
  return parts.length === 4 && read.every(Boolean) ? read.join("_") : "";
}

function readColor(text: string, label: string): string {
  const hex = (COLORS[text.toLowerCase()] || text).toLowerCase().replace(/^(?:rgb:|#)/, "");
  if (!/^(?:[\da-f]{3,4}|(?:[\da-f]{2}){3,4})$/.test(hex)) return "";
  const long = hex[5] ? hex : hex.replace(/./g, "$&$&");
  const color = long.replace(/^(.{6})ff$/, "$1");
  return label !== "b" && color[6] ? "" : color;
}
