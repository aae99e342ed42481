import type { TransformSpec } from "./spec.ts";

/** Transforms by name. */
export type Presets = ReadonlyMap<string, TransformSpec>;

/** What a service adds to the grammar. */
export interface Vocabulary {
  readonly presets: Presets;
}

export const NO_VOCABULARY: Vocabulary = { presets: new Map() };

/**
 * Puts the presets that a spec names in their place: each is laid over the ones to its left, and the
 * options given beside them over all. Names that are not known give nothing.
 */
export function expandPresets(spec: TransformSpec, presets: Presets): TransformSpec {
  const { presets: names = [], ...explicit } = spec;
  const named = names.map((name) => presets.get(name) ?? {});
  return Object.assign({}, ...named, explicit) as TransformSpec; // all of them are specs
}
