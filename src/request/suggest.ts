import { ALIASES, splitPieces } from "../transform/names.ts";
import { OPTION_NAMES } from "../transform/options.ts";
import { recognizeTransform } from "../transform/parse.ts";
import type { Presets } from "../transform/spec.ts";
import { isTypo } from "./typo.ts";

/** In characters; the segments and queries that people type are shorter. */
const MAX_LENGTH = 200;

const NAMES: readonly string[] = [...OPTION_NAMES, ...ALIASES.keys()];

/**
 * Suggests the transform that a segment was meant to be, `w_300` for `w300`, `W_300`, `w=300` or `widht_300`;
 * `undefined` where nothing comes close.
 */
export function suggestTransform(segment: string, presets: Presets): string | undefined {
  if (segment.length > MAX_LENGTH) return undefined;
  const pieces = splitPieces(segment).map(suggestPiece);
  return pieces.includes(undefined) ? undefined : checkTransform(pieces.join(","), presets);
}

/** Suggests the same for the query of a URL, such as `w=300&fit=cover`; other parameters are passed over. */
export function suggestForQuery(query: string, presets: Presets): string | undefined {
  if (query.length > MAX_LENGTH) return undefined;
  const pairs = [...new URLSearchParams(query)].filter(([name]) => name !== "v");
  const pieces = pairs.map(([name, value]) => suggestPiece(`${name}=${value}`));
  return checkTransform(pieces.filter((piece) => piece !== undefined).join(","), presets);
}

function suggestPiece(piece: string): string | undefined {
  const text = piece.toLowerCase();
  const [, width, height] = /^(\d{1,5})x(\d{1,5})?$/.exec(text) ?? [];
  if (width !== undefined) return height === undefined ? `w_${width}` : `w_${width},h_${height}`;
  const [, typed = "", value] = /^([a-z]+)(?:[-_=:]|(?=\d))(.+)$/.exec(text) ?? [];
  const name =
    NAMES.find((known) => known === typed) ?? NAMES.find((known) => isTypo(typed, known));
  return name === undefined ? undefined : `${name}_${value}`;
}

/** Gives the text back if it is a correct transform. */
function checkTransform(text: string, presets: Presets): string | undefined {
  try {
    return recognizeTransform(text, presets) && text;
  } catch {
    return undefined;
  }
}
