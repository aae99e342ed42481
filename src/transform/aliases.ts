import type { Mode } from "./spec.ts";

/** Other names of an option, taken as if the option's own name had been written. */
export const RENAMED: Readonly<Record<string, string>> = {
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
};

const FIT_MODES: Readonly<Record<string, Mode>> = {
  cover: "lfill",
  contain: "pad",
  fill: "scale",
  inside: "limit",
};

/** Spellings whose value has to be rewritten too: each gives the pieces that it stands for. */
export const REWRITTEN: Readonly<Record<string, Rewrite>> = {
  s: { expected: "WIDTHxHEIGHT or WIDTH", rewrite: rewriteSize },
  resize: { expected: "WIDTHxHEIGHT or WIDTH", rewrite: rewriteSize },
  fit: {
    expected: `one of ${Object.keys(FIT_MODES).join(", ")}`,
    rewrite: (value) =>
      Object.hasOwn(FIT_MODES, value) ? [["c", String(FIT_MODES[value])]] : undefined,
  },
};

export interface Rewrite {
  readonly expected: string;
  rewrite(value: string): readonly (readonly [name: string, value: string])[] | undefined;
}

/** Bare words that count beside a `name_value` piece; also written `flip_true`, `flip_1`. */
const FLAGS = ["enlarge", "flip", "flop"] as const;
export type Flag = (typeof FLAGS)[number];

/** The flag that a piece means, if it is one. */
export function parseFlag(piece: string): Flag | undefined {
  return FLAGS.find((flag) => piece === flag || piece === `${flag}_true` || piece === `${flag}_1`);
}

/** What `enlarge` makes of each mode. */
export const ENLARGING: Readonly<Record<Mode, Mode>> = {
  lfill: "fill",
  limit: "fit",
  lpad: "pad",
  fill: "fill",
  fit: "fit",
  pad: "pad",
  scale: "scale",
};

/**
 * Names that mean something in this grammar or its neighbours but are no option here. Key segments that
 * hold one are fenced when a URL is built, so that giving it a meaning never changes an old URL.
 */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(
  "trim r e fl v t exp blur sharpen grayscale greyscale negate animated l u if o bo co x y z d".split(
    " ",
  ),
);

/** The same for bare words. */
export const RESERVED_FLAGS: ReadonlySet<string> = new Set(
  "sharpen grayscale greyscale negate animated".split(" "),
);

function rewriteSize(value: string): readonly (readonly [string, string])[] | undefined {
  const [width = "", height, ...rest] = value.split("x");
  if (rest.length > 0) return undefined;
  return height === undefined
    ? [["w", width]]
    : [
        ["w", width],
        ["h", height],
      ];
}
