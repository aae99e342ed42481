import { MediaError } from "../errors.ts";
import { isReservedName } from "../transform/names.ts";
import { parseTransform } from "../transform/parse.ts";
import type { Presets, TransformSpec } from "../transform/spec.ts";
import type { Field } from "../transform/options.ts";
import { OPTIONS, writePiece } from "../transform/options.ts";

/** Options by name, such as the query of a `src` or the attributes of a component. */
export type Hints = Iterable<readonly [name: string, value: unknown]>;

/**
 * Reads options that are given by name: by that of the grammar (`ar`, `g`), by another that the grammar
 * understands (`gravity`, `fit`, `blur`), or by that of the field (`aspectRatio`, `radius`). `true` and
 * the empty text stand for an option without a value; `false` and what is absent for none.
 *
 * @param origin what they stand in, for the message of an error
 * @throws MediaError `invalid_transform` naming the option that is wrong and what was expected.
 */
export function parseHints(origin: string, hints: Hints): TransformSpec {
  const pieces = [...hints].flatMap(([name, value]) => printHint(name, toText(value)));
  try {
    return parseTransform(pieces.join(","), collectPresets(pieces));
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    throw new MediaError(error.code, `${origin}: ${error.message}`, { cause: error });
  }
}

/** Only the service knows its presets, so every name counts as one. */
function collectPresets(pieces: readonly string[]): Presets {
  const texts = pieces.filter((piece) => piece.startsWith("t_"));
  return new Map(texts.flatMap((text) => text.slice(2).split(".")).map((name) => [name, {}]));
}

function toText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === false || value === "false")
    return undefined;
  if (value === true || value === "true") return "";
  // results of a calculation have more decimals than the grammar
  if (typeof value === "number") return String(Number(value.toFixed(4)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

function printHint(name: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const known = name === "size" ? "s" : name;
  const isField = Object.hasOwn(OPTIONS, name) && !isReservedName(`${known}_`);
  if (isField) return [writePiece(name as Field, text)];
  return [text === "" ? known : `${known}_${text}`];
}
