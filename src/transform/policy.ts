import { MediaError } from "../errors.ts";
import type { AllowedLists } from "./allowed.ts";
import { applyLists, hasUsualDpr } from "./allowed.ts";
import { plainFormat } from "./extension.ts";
import { FIELDS } from "./fields.ts";
import { normalizeTransform } from "./normalize.ts";
import type { Presets } from "./presets.ts";
import { expandPresets } from "./presets.ts";
import { printTransform } from "./print.ts";
import type { OutputFormat, TransformSpec } from "./spec.ts";

/** What may be asked for without a signature; with one, everything may. */
export interface Policy {
  /** Anything within the bounds. */
  readonly isOpen: boolean;
  /** Presets: up to three of them, in any format, at the usual pixel ratios. */
  readonly hasPresets: boolean;
  /** What is on lists. */
  readonly allowed?: AllowedLists;
}

const MAX_PRESETS = 3;

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
  const products = new Map<OutputFormat, ReadonlySet<string>>();
  const productsOf = (format: OutputFormat): ReadonlySet<string> => {
    const known = products.get(format) ?? listProducts(presets, format);
    products.set(format, known);
    return known;
  };
  return (stored) => {
    if (policy.isOpen) return true;
    const text = printTransform(stored.spec);
    if (policy.hasPresets && productsOf(stored.format).has(text)) return true;
    return policy.allowed !== undefined && isListed(policy.allowed, stored);
  };
}

/** Listed is what the lists leave as it is. */
function isListed(lists: AllowedLists, { key, spec, format }: Stored): boolean {
  const isImplied = format === plainFormat(key);
  try {
    const snapped = applyLists(lists, isImplied ? spec : { ...spec, format }, spec);
    return printTransform(normalizeTransform(snapped, format)) === printTransform(spec);
  } catch (error) {
    if (error instanceof MediaError) return false;
    throw error;
  }
}

/** Beyond this many combinations only shorter ones are known: each is worked out for each format. */
const MAX_COMBINATIONS = 1000;

/** The canonical texts of all that presets give, alone and combined, at the usual pixel ratios. */
function listProducts(presets: Presets, format: OutputFormat): ReadonlySet<string> {
  const products = new Set<string>();
  for (const names of combine([...presets.keys()])) {
    for (const dpr of [1, 1.5, 2, 3]) {
      try {
        const spec = expandPresets({ presets: names, dpr }, presets);
        products.add(printTransform(normalizeTransform(spec, format)));
      } catch (error) {
        if (!(error instanceof MediaError)) throw error; // these do not go together
      }
    }
  }
  return products;
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
