import type { Mode } from "./spec.ts";

/** Other names of an option, taken as if the option's own name had been written. */
export const RENAMED: ReadonlyMap<string, string> = table({
  width: "w",
  height: "h",
  ratio: "ar",
  format: "f",
  quality: "q",
  background: "b",
  gravity: "g",
  position: "g",
  pos: "g",
  rotate: "a",
  extract: "crop",
});

/** A spelling whose value has to be rewritten too. */
export interface Rewrite {
  /** Completes the sentence "… must be …". */
  readonly expected: string;
  /** The pieces that it stands for; wrong ones when it is no such value. */
  rewrite(value: string): readonly string[];
}

export const REWRITTEN: ReadonlyMap<string, Rewrite> = table<Rewrite>({
  s: { expected: "like 300x200 or 300", rewrite: rewriteSize },
  resize: { expected: "like 300x200 or 300", rewrite: rewriteSize },
  fit: {
    expected: "one of cover, contain, fill, inside",
    rewrite: (value) => [`c_${FIT_MODES.get(value)}`],
  },
  blur: {
    expected: "from 0.3 to 40",
    rewrite: (value) => rewriteSigma("blur", 50, value),
  },
  sharpen: {
    expected: "from 0.1 to 10",
    rewrite: (value) => rewriteSigma("sharpen", 10, value),
  },
});

const FIT_MODES: ReadonlyMap<string, Mode> = table<Mode>({
  cover: "lfill",
  contain: "pad",
  fill: "scale",
  inside: "limit",
});

/** Bare words that count beside a `name_value` piece; also written `negate_true`, `negate_1`. */
export const WORDS: ReadonlyMap<string, string> = table({
  animated: "fl_animated",
  grayscale: "e_grayscale",
  greyscale: "e_grayscale",
  negate: "e_negate",
  sharpen: "e_sharpen",
});

/** Bare words whose meaning depends on what stands beside them. */
const FLAGS = ["enlarge", "flip", "flop"] as const;
export type Flag = (typeof FLAGS)[number];

/** The word that a piece is, be it bare or named `negate_true`. */
export function bareWord(piece: string): string {
  return piece.replace(/_(?:true|1)$/, "");
}

export function asFlag(word: string): Flag | undefined {
  return FLAGS.find((flag) => flag === word);
}

/** What `enlarge` makes of the modes that do not. */
export const ENLARGING: Readonly<Partial<Record<Mode, Mode>>> = {
  lfill: "fill",
  limit: "fit",
  lpad: "pad",
};

function rewriteSize(value: string): readonly string[] {
  const [width, ...height] = value.split("x");
  return [`w_${width}`, ...height.map((side) => `h_${side}`)];
}

function rewriteSigma(effect: string, unit: number, value: string): readonly string[] {
  const isSigma = /^\d{1,3}(?:\.\d{1,4})?$/.test(value);
  return isSigma ? [`e_${effect}:${Math.round(Number(value) * unit)}`] : [""];
}

/** Names come from URLs: a plain object would have more of them than it was given. */
function table<T = string>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries));
}
