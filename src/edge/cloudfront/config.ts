import type { AllowedLists } from "../../transform/allowed.ts";
import { FIELDS, LABELS } from "../../transform/fields.ts";
import type { Policy } from "../../transform/policy.ts";
import type { Presets } from "../../transform/presets.ts";
import { printValue } from "../../transform/print.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { VariantPrefix } from "../../url/variant-prefix.ts";

/** CloudFront takes no larger code, in bytes. */
export const MAX_FUNCTION_BYTES = 10_240;

/** What a Function can do: it is bundled for each, for lack of room. */
export const FUNCTION_KINDS = ["open", "lists", "signed"] as const;
export type FunctionKind = (typeof FUNCTION_KINDS)[number];

/** What the Function has to know of a service. */
export interface FunctionRules {
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  readonly autoFormats: readonly string[];
  readonly presets: Presets;
  readonly policy: Policy;
  readonly originals: { readonly prefix: string };
}

export function functionKindOf({ isOpen, hasPresets, allowed }: Policy): FunctionKind {
  if (allowed) return "lists";
  return isOpen || hasPresets ? "open" : "signed";
}

/** Puts what a service is configured to into the bundle of its kind. */
export function fillFunction(bundle: string, rules: FunctionRules): string {
  const values: Readonly<Record<string, unknown>> = {
    BASE_PATH: rules.basePath,
    PREFIX: `${rules.prefix.root}${rules.prefix.epoch}/`,
    KEYS: rules.originals.prefix,
    FORMATS: rules.autoFormats,
    PRESETS: Object.fromEntries([...rules.presets].map(([name, spec]) => [name, printTexts(spec)])),
    IS_OPEN: rules.policy.isOpen,
    HAS_PRESETS: rules.policy.hasPresets,
    ...describeLists(rules.policy.allowed),
  };
  return bundle.replaceAll(/\b[A-Z]{2,}(?:_[A-Z]+)?\b/g, (name) =>
    Object.hasOwn(values, name) ? printAscii(values[name]) : name,
  );
}

/** Names of options that are allowed, but that the Function leaves to the service. */
export function seldomOptions({ allowed }: Policy): readonly string[] {
  return (allowed?.options ?? []).filter((name) => /^(?:b|crop|e)$/.test(name));
}

function describeLists(lists: AllowedLists | undefined): Readonly<Record<string, unknown>> {
  if (!lists) return {};
  const { widths, heights, ratios, qualities, options } = lists;
  return {
    WIDTHS: widths,
    HEIGHTS: heights,
    RATIOS: ratios.map((ratio) => printValue("aspectRatio", ratio)),
    QUALITIES: qualities.map((quality) => printValue("quality", quality)),
    OPTIONS: options,
  };
}

/** Canonical texts by label, as the Function reads them: `w=300,e_blur=100,fl_animated=1`. */
function printTexts(spec: TransformSpec): string {
  const pieces = FIELDS.map((field) => {
    const value = spec[field];
    if (value === undefined) return [];
    return `${LABELS[field]}=${value === true ? "1" : printValue(field, value)}`;
  });
  return pieces.flat().join();
}

/** As a constant of a script that has nothing beyond ASCII. */
function printAscii(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
