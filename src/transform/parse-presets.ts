import { invalidTransform } from "../errors.ts";
import { normalizeTransform } from "./normalize.ts";
import { parseTransform } from "./parse.ts";
import type { Presets } from "./presets.ts";
import type { TransformSpec } from "./spec.ts";
import { PRESET_NAME } from "./spec.ts";

/**
 * Reads presets from their texts: `{ thumb: "w_150,h_150,c_fill,g_auto" }`.
 *
 * @throws MediaError `invalid_transform` naming the first preset that is wrong
 */
export function parsePresets(texts: Readonly<Record<string, string>>): Presets {
  return new Map(
    Object.entries(texts).map(([name, text]) => [name, parsePreset(name, text)] as const),
  );
}

function parsePreset(name: string, text: string): TransformSpec {
  try {
    if (!PRESET_NAME.test(name)) throw invalidTransform("its name must be like small-2");
    const spec = parseTransform(text);
    if (spec.expires) throw invalidTransform('option "exp" has no place in it');
    normalizeTransform(spec, spec.format ?? "auto");
    return spec;
  } catch (error) {
    throw invalidTransform(`preset "${name}" is wrong: ${(error as Error).message}`); // nothing else is thrown
  }
}
