import { invalidTransform } from "../errors.ts";
import { PRESET_NAME } from "./codecs.ts";
import { normalizeTransform } from "./normalize.ts";
import { parseTransform } from "./parse.ts";
import type { Presets, TransformSpec } from "./spec.ts";

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
    if (spec.expires) throw invalidTransform('option "exp" must not stand in a preset');
    normalizeTransform(spec, spec.format ?? "auto");
    return spec;
  } catch (error) {
    throw invalidTransform(`preset "${name}" is wrong: ${(error as Error).message}`); // nothing else is thrown
  }
}

/**
 * Puts the presets that a spec names in their place: each is laid over the ones to its left, and the
 * options given beside them over all. Unknown names give nothing.
 */
export function expandPresets(spec: TransformSpec, presets: Presets): TransformSpec {
  const { presets: names = [], ...explicit } = spec;
  const named = names.map((name) => presets.get(name) ?? {});
  return Object.assign({}, ...named, explicit) as TransformSpec; // all of them are specs
}
