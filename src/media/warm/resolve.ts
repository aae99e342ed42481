import { invalidTransform, MediaError } from "../../errors.ts";
import { negotiateFormat } from "../../transform/negotiate.ts";
import { parseTransform } from "../../transform/parse.ts";
import { expandPresets } from "../../transform/presets.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import { checkKey } from "../../url/key.ts";
import { isUnderRoot } from "../../url/variant-prefix.ts";
import type { RequestRules, VariantRequest } from "../../request/request.ts";
import { checkPrefix } from "../../request/read.ts";
import { offeredFormats, settleAddress } from "../../request/resolve.ts";
import type { Outputs, WarmRequest } from "./order.ts";

/** What counts for operators, of whom no policy is asked. */
export type WarmRules = Pick<RequestRules, "prefix" | "presets" | "autoFormats" | "originals">;

/** One variant of an order, or why there can be none. */
export type ResolvedOutput =
  | { readonly transform: string; readonly request: VariantRequest }
  | (About & { readonly problem: MediaError });

/** What a problem is about, as far as it was understood. */
interface About {
  readonly transform?: string;
  readonly format?: string;
}

/** Settles which variants an order comes to; each one once, however often it is spelt. */
export function resolveWarmRequest(
  { key, outputs }: WarmRequest,
  rules: WarmRules,
): readonly ResolvedOutput[] {
  const settled = attempt({}, () => {
    checkOriginal(key, rules);
    return outputs.flatMap((want) => resolveOutputs(key, want, rules));
  });
  const seen = new Set<string>();
  return settled.filter((wanted) => {
    if (!("request" in wanted)) return true;
    const isNew = !seen.has(wanted.request.variantKey);
    seen.add(wanted.request.variantKey);
    return isNew;
  });
}

/** What cannot be settled is no matter of the rest. */
function attempt(about: About, settle: () => readonly ResolvedOutput[]): readonly ResolvedOutput[] {
  try {
    return settle();
  } catch (error) {
    if (error instanceof MediaError) return [{ ...about, problem: error }];
    throw error;
  }
}

function checkOriginal(key: string, rules: WarmRules): void {
  checkKey(key);
  checkPrefix(key, rules);
  if (!isUnderRoot(rules.prefix.root, key)) return;
  throw new MediaError("not_allowed", `the key must not be under "${rules.prefix.root}"`);
}

function resolveOutputs(
  key: string,
  { transforms, formats }: Outputs,
  rules: WarmRules,
): readonly ResolvedOutput[] {
  return transforms.flatMap((transform) =>
    attempt({ transform }, () => {
      const typed = readTransform(transform, rules);
      const asked = typed.format || formats.length === 0 ? [undefined] : formats;
      return asked.flatMap((format) =>
        attempt({ transform, ...(format !== undefined && { format }) }, () =>
          resolveFormats({ key, transform, spec: { ...typed, ...readFormat(format) } }, rules),
        ),
      );
    }),
  );
}

function readTransform(text: string, rules: WarmRules): TransformSpec {
  const spec = parseTransform(text, rules.presets);
  if (spec.expires) throw invalidTransform('option "exp" has no place in a warm-up');
  return spec;
}

function readFormat(text: string | undefined): TransformSpec {
  if (text === undefined) return {};
  if (/[,&]/.test(text)) throw invalidTransform(`a format must be one word, got "${text}"`);
  return parseTransform(`f_${text}`);
}

interface FormatInput {
  readonly key: string;
  readonly transform: string;
  /** Its presets still names. */
  readonly spec: TransformSpec;
}

/** `auto` is every format that it may come to. */
function resolveFormats(
  { key, transform, spec }: FormatInput,
  rules: WarmRules,
): readonly ResolvedOutput[] {
  const expanded = expandPresets(spec, rules.presets);
  return listFormats(key, expanded, rules).map((format) => {
    const address = settleAddress({ key, spec: expanded, format }, rules);
    return {
      transform,
      request: { ...address, form: "request", mayMake: true, isNegotiated: false },
    };
  });
}

function listFormats(key: string, spec: TransformSpec, rules: WarmRules): readonly OutputFormat[] {
  const plain = negotiateFormat(spec.format, key, { accept: undefined, preference: [] });
  return spec.format === "auto" ? [...offeredFormats(spec, rules), plain] : [plain];
}
