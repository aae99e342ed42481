import { multiply } from "../../transform/fold.ts";
import type { Texts } from "./read.ts";
import { byteLength, leave } from "./read.ts";
import { COMPASS, KINDS, LESS, MOST, IMAGES, STANDARD } from "./tables.ts";
import { FIELD_LABELS, termsOf } from "./values.ts";

/** Gives the stored file name of a spec for a key: `w_300,h_200.webp`. */
export function settle(spec: Texts, key: string, offered: readonly string[]): string {
  const plain = formatOf(key);
  const format =
    spec.f === "auto"
      ? offered.filter((candidate) => canHold(spec, candidate))[0] || fallBack(plain)
      : spec.f || plain || "webp";
  const text = print(normalize(spec, format)) || "_";
  if (byteLength(text) > 240) leave();
  return `${text}.${format}`;
}

/** By the extension, whatever the bytes are. */
function formatOf(key: string): string {
  const name = /\.([^./]*)$/.exec(key.toLowerCase().replace(/jpeg$/, "jpg"));
  return (name && IMAGES.filter((format) => format === name[1])[0]) || "";
}

/** Of a client that names none of the formats that are offered. */
function fallBack(plain: string): string {
  return /^[wa]/.test(plain) ? "png" : plain || "jpg";
}

function canHold(spec: Texts, format: string): boolean {
  try {
    normalize(spec, format);
    return format !== "avif" || !spec["fl_animated"];
  } catch {
    return false;
  }
}

/** Throws for what must not stand together. */
export function checkCompany(spec: Texts): void {
  if (spec.crop && spec.trim) leave();
  if (!spec.ar) return;
  if (spec.w ? spec.h : !spec.h && /limit|fit|scale/.test(spec.c || "")) leave();
}

/** Folds the pixel ratio into the sides, and the aspect ratio into the one that is not given. */
export function fold(spec: Texts): Texts {
  const folded = Object.assign({}, spec, { dpr: "" });
  const scale = (label: string): void => {
    const side = spec[label];
    if (side && spec.dpr && side !== "max") {
      folded[label] = `${multiply(+side, Math.round(+spec.dpr * 100), 100)}`;
    }
  };
  scale("w");
  scale("h");
  scale("r");
  const ratio = folded.ar;
  if (!ratio || (!folded.w && !folded.h)) return folded;
  const terms = termsOf(ratio);
  if (folded.w) folded.h = folded.h || `${multiply(+folded.w, terms[1], terms[0])}`;
  else folded.w = `${multiply(+(folded.h || 0), terms[0], terms[1])}`;
  folded.ar = "";
  return folded;
}

function normalize(spec: Texts, format: string): Texts {
  checkCompany(spec);
  const crop = spec.crop === "0.0_0.0_1.0_1.0" ? "" : spec.crop || "";
  if (IMAGES.indexOf(format) < 0) return describe(spec, crop);
  const folded = fold(spec);
  folded.crop = crop;
  folded.c = foldMode(folded);
  folded.g = foldGravity(folded);
  folded.b = foldBackground(spec.b || "", format);
  if (spec["e_hue"] === "-180") folded["e_hue"] = "180";
  const drop = (label: string, formats: RegExp): void => {
    if (!formats.test(format)) folded[label] = "";
  };
  drop("q", spec["fl_lossless"] ? /jpg/ : /jpg|webp|avif/);
  drop("fl_animated", /gif|webp/);
  drop("fl_keep_icc", /^[^g]/);
  drop("fl_lossless", /webp|avif/);
  drop("fl_progressive", /jpg|png/);
  checkBounds(folded, format);
  return folded;
}

/** What counts of an image that is only described. */
function describe(spec: Texts, crop: string): Texts {
  const described: Texts = {};
  Object.keys(spec).forEach((label) => {
    const value = spec[label] || "";
    if (value && /^(?:[whcqr]$|ar|e_)/.test(label)) leave();
    if (/^(?:trim|v|fl_at.*)$/.test(label) || value === "ignore") described[label] = value;
  });
  described.crop = crop;
  return described;
}

function foldMode(spec: Texts): string {
  const mode = spec.c || "";
  if (spec.ar) return /pad/.test(mode) ? "pad" : "";
  if (spec.w && spec.h) return mode === "lfill" ? "" : mode;
  return (spec.w || spec.h) && /^[fps]/.test(mode) ? "fit" : "";
}

/** With the mode folded. */
function foldGravity(spec: Texts): string {
  const mode = spec.c;
  const given = spec.g || "";
  const gravity = spec.crop || spec.trim ? given : nameCompass(given);
  if (!spec.ar && !(spec.w && spec.h)) return "";
  if (!mode || mode === "fill") return gravity;
  // there is nothing to attend to when placing a whole image
  return /pad/.test(mode) && !/^(?:auto|en)/.test(gravity) ? gravity : "";
}

function nameCompass(gravity: string): string {
  const point = gravity.split("x");
  const column = +(point[0] || NaN) * 2;
  const row = +(point[1] || NaN) * 2;
  return (column % 1 === 0 && row % 1 === 0 && COMPASS[column + 3 * row]) || gravity;
}

function foldBackground(color: string, format: string): string {
  if (format !== "jpg") return /^.{6}00$/.test(color) ? "" : color;
  const alpha = parseInt(color.slice(6) || "ff", 16) / 255;
  const flat = color.slice(0, 6).replace(/../g, (byte) =>
    Math.round(parseInt(byte, 16) * alpha + 255 * (1 - alpha))
      .toString(16)
      .padStart(2, "0"),
  );
  return flat === "ffffff" ? "" : flat;
}

function checkBounds(spec: Texts, format: string): void {
  const width = +(spec.w || 0);
  const height = +(spec.h || 0);
  // a radius may be a word
  if (width > 8192 || height > 8192 || +(spec.r || 0) > 4096) leave();
  if (/fill|pad|scale/.test(spec.c || "") && width * height > (LESS[format] || MOST)) leave();
}

function print(spec: Texts): string {
  let text = "";
  FIELD_LABELS.forEach((label, index) => {
    const value = spec[label];
    if (!value || /^(?:f|t)$/.test(label) || isNeutral(label, value)) return;
    const isNext = label.startsWith("fl") && text.indexOf("fl_") >= 0;
    text += isNext
      ? `.${label.slice(3)}`
      : `,${printPiece(label, value, KINDS[index] ? STANDARD[label] : value)}`;
  });
  return text.slice(1);
}

/** What is the same as nothing. */
function isNeutral(label: string, value: string): boolean {
  return value === "0"
    ? !/^(?:trim|v)$/.test(label)
    : /^(?:g center|e_gamma 1|q auto:good)$/.test(`${label} ${value}`);
}

/** What is standard need not be written. */
function printPiece(label: string, value: string, standard: string | undefined): string {
  if (value === standard) return label;
  return label + (label.startsWith("e_") ? ":" : "_") + value;
}
