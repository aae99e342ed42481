import { MediaError } from "../errors.ts";
import type { AllowedLists } from "./allowed.ts";
import { applyLists, hasUsualDpr, MAX_PRESETS } from "./allowed.ts";
import { getKeyFormat } from "./negotiate.ts";
import { FIELDS } from "./fields.ts";
import { compact } from "./normalize-image.ts";
import { normalizeTransform } from "./normalize.ts";
import type { Presets } from "./presets.ts";
import { expandPresets } from "./presets.ts";
import { printTransform } from "./print.ts";
import type { TransformSpec } from "./spec.ts";
import type { OutputFormat } from "./formats.ts";

/** What may be asked for without a signature; with one, everything may. */
export interface Policy {
  /** Anything within the bounds. */
  readonly isOpen: boolean;
  /** Presets: up to three of them, in any format, at the usual pixel ratios. */
  readonly hasPresets: boolean;
  /** What is on lists. */
  readonly allowed?: AllowedLists;
}

/**
 * Lets an unsigned transform through, its presets expanded and its sizes snapped.
 *
 * @throws MediaError `not_allowed`; `invalid_transform` for sizes above the largest that is listed
 */
export function permitTransform(
  policy: Policy,
  typed: TransformSpec,
  presets: Presets,
): TransformSpec {
  const spec = expandPresets(typed, presets);
  if (policy.isOpen) return spec;
  if (policy.hasPresets && isOfPresets(typed)) return spec;
  if (policy.allowed) return applyLists(policy.allowed, typed, spec);
  // without any permission at all there is nothing to explain
  if (!policy.hasPresets) throw new MediaError("not_allowed", "a signature is needed");
  const names = [...presets.keys()].map((name) => `t_${name}`).join(", ");
  const problem = `only presets are allowed here, up to ${MAX_PRESETS} of ${names}`;
  throw new MediaError("not_allowed", `${problem}, beside f_ and dpr_ of 1, 1.5, 2 or 3`);
}

function isOfPresets(typed: TransformSpec): boolean {
  const { presets = [] } = typed;
  const fields = FIELDS.filter((field) => typed[field] !== undefined);
  return (
    presets.length > 0 &&
    presets.length <= MAX_PRESETS &&
    hasUsualDpr(typed) &&
    fields.every((field) => ["presets", "format", "dpr"].includes(field))
  );
}

/** A variant that is asked for by its own name. */
interface Stored {
  readonly key: string;
  /** Normalized. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** Says whether an unsigned request could have led to this variant. */
export type Permits = (stored: Stored) => boolean;

/** Makes the check of stored forms; what presets can produce is worked out once for each format. */
export function createPermits(policy: Policy, presets: Presets): Permits {
  const { isOpen, hasPresets, allowed } = policy;
  const mayName = hasPresets || allowed?.options.includes("t");
  const known = new Map<OutputFormat, Products>();
  const productsOf = (format: OutputFormat): Products => {
    const products = known.get(format) ?? listProducts(mayName ? presets : new Map(), format);
    known.set(format, products);
    return products;
  };
  return (stored) => {
    if (isOpen) return true;
    const products = productsOf(stored.format);
    if (products.specs.has(printTransform(stored.spec))) return true;
    return allowed !== undefined && isListed(allowed, stored, products);
  };
}

/** Listed is what the lists leave as it is, beside what presets may have brought along. */
function isListed(lists: AllowedLists, { key, spec, format }: Stored, products: Products): boolean {
  const { size, rest } = splitSize(spec);
  const typed = products.rests.has(printTransform(rest)) ? size : spec;
  const isImplied = format === getKeyFormat(key);
  try {
    const snapped = applyLists(lists, isImplied ? typed : { ...typed, format }, spec);
    return printTransform(normalizeTransform(snapped, format)) === printTransform(spec);
  } catch (error) {
    if (error instanceof MediaError) return false;
    throw error;
  }
}

/** What presets give for one format, as canonical texts. */
interface Products {
  readonly specs: ReadonlySet<string>;
  /** The same without sizes, which may be typed beside them. */
  readonly rests: ReadonlySet<string>;
}

function splitSize(spec: TransformSpec): {
  readonly size: TransformSpec;
  readonly rest: TransformSpec;
} {
  const { width, height, aspectRatio, mode, gravity, ...rest } = spec;
  return { size: compact({ width, height, aspectRatio, mode, gravity }), rest };
}

/** Beyond this many combinations only shorter ones are known: each is worked out for each format. */
const MAX_COMBINATIONS = 1000;

/** Of all presets, alone and combined, at the usual pixel ratios. */
function listProducts(presets: Presets, format: OutputFormat): Products {
  const specs = new Set<string>();
  const rests = new Set<string>();
  for (const names of combine([...presets.keys()])) {
    for (const dpr of [1, 1.5, 2, 3]) {
      const spec = normalizeAnyhow(expandPresets({ presets: names, dpr }, presets), format);
      if (!spec) continue;
      specs.add(printTransform(spec));
      rests.add(printTransform(splitSize(spec).rest));
    }
  }
  return { specs, rests };
}

function normalizeAnyhow(spec: TransformSpec, format: OutputFormat): TransformSpec | undefined {
  try {
    return normalizeTransform(spec, format);
  } catch (error) {
    if (error instanceof MediaError) return undefined; // these do not go together
    throw error;
  }
}

function combine(names: readonly string[]): readonly (readonly string[])[] {
  let longest: readonly (readonly string[])[] = [[]];
  const all: (readonly string[])[] = [];
  for (let length = 1; length <= MAX_PRESETS; length += 1) {
    longest = longest.flatMap((some) =>
      names.filter((name) => !some.includes(name)).map((name) => [...some, name]),
    );
    if (length > 1 && all.length + longest.length > MAX_COMBINATIONS) break;
    all.push(...longest);
  }
  return all;
}
