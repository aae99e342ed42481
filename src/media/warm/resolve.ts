import { invalidTransform, MediaError } from "../../errors.ts";
import { negotiateFormat } from "../../transform/negotiate.ts";
import { parseTransform } from "../../transform/parse.ts";
import { expandPresets } from "../../transform/presets.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import { checkKey } from "../../url/key.ts";
import { isUnderRoot } from "../../url/variant-key.ts";
import type { RequestRules, VariantRequest } from "../../request/request.ts";
import { checkPrefix } from "../../request/read.ts";
import { listOfferedFormats, resolveAddress } from "../../request/resolve.ts";
import type { Outputs, WarmRequest } from "./request.ts";

/** The rules that hold for operators: no policy is among them. */
export type WarmRules = Pick<RequestRules, "prefix" | "presets" | "autoFormats" | "originals">;

/** A variant to make, or why it cannot be made. */
export type ResolvedOutput =
  | { readonly transform: string; readonly request: VariantRequest }
  | (About & { readonly problem: MediaError });

/** The part of a request that has a problem, as far as it was understood. */
interface About {
  readonly transform?: string;
  readonly format?: string;
}

/** Lists the variants that a request asks for: each one once, however often it is written. */
export function resolveWarmRequest(
  { key, outputs }: WarmRequest,
  rules: WarmRules,
): readonly ResolvedOutput[] {
  const resolved = attempt({}, () => {
    checkOriginal(key, rules);
    return outputs.flatMap((one) => resolveOutputs(key, one, rules));
  });
  const seen = new Set<string>();
  return resolved.filter((output) => {
    if (!("request" in output)) return true;
    const isNew = !seen.has(output.request.variantKey);
    seen.add(output.request.variantKey);
    return isNew;
  });
}

/** Gives a failure as a problem, so that the rest is not affected. */
function attempt(
  about: About,
  resolve: () => readonly ResolvedOutput[],
): readonly ResolvedOutput[] {
  try {
    return resolve();
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
      const named = typed.format || formats.length === 0 ? [undefined] : formats;
      return named.flatMap((format) =>
        attempt({ transform, ...(format !== undefined && { format }) }, () =>
          resolveFormats({ key, transform, spec: { ...typed, ...readFormat(format) } }, rules),
        ),
      );
    }),
  );
}

function readTransform(text: string, rules: WarmRules): TransformSpec {
  const spec = parseTransform(text, rules.presets);
  if (spec.expires) throw invalidTransform('option "exp" is not possible in a warm-up, remove it');
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
  /** With names of presets. */
  readonly spec: TransformSpec;
}

/** `auto` stands for every format that a client may get. */
function resolveFormats(
  { key, transform, spec }: FormatInput,
  rules: WarmRules,
): readonly ResolvedOutput[] {
  const expanded = expandPresets(spec, rules.presets);
  return listFormats(key, expanded, rules).map((format) => {
    const address = resolveAddress({ key, spec: expanded, format }, rules);
    return {
      transform,
      request: { ...address, form: "request", mayMake: true, isNegotiated: false },
    };
  });
}

function listFormats(key: string, spec: TransformSpec, rules: WarmRules): readonly OutputFormat[] {
  const plain = negotiateFormat(spec.format, key, { accept: undefined, preference: [] });
  return spec.format === "auto" ? [...listOfferedFormats({ key, spec }, rules), plain] : [plain];
}
