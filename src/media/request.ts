import { MediaError } from "../errors.ts";
import type { PreferredFormat } from "../image/negotiate.ts";
import { negotiateFormat } from "../image/negotiate.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import type { TransformSpec } from "../transform/spec.ts";
import type { ParsedPath } from "../url/path.ts";
import { checkKey, MAX_KEY_BYTES, MAX_PATH_BYTES, readTarget, splitPath } from "../url/path.ts";
import { utf8Length } from "../url/percent.ts";
import type { VariantAddress, VariantPrefix } from "../url/variant-key.ts";
import { encodeVariantKey, isUnderRoot, parseVariantKey, variantKey } from "../url/variant-key.ts";

/** Leaves room for a base path before it. */
const MAX_STORED_PATH_BYTES = MAX_PATH_BYTES - 64;

/** What decides how a request is read; the same for all requests of a service. */
export interface RequestRules {
  /** Empty, or like `/i`. */
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  /** The formats to choose from under `f_auto`, best first. */
  readonly autoFormats: readonly PreferredFormat[];
}

/** A request for one variant, fully settled: no store is needed to know which. */
export interface VariantRequest extends VariantAddress {
  readonly variantKey: string;
  /** `request` is `/w_300/cat.jpg`; `stored` names the stored object itself. */
  readonly form: "request" | "stored";
  /** The format depends on `Accept`. */
  readonly isNegotiated: boolean;
  /** The `v` of the query: which version of the variant the client has in mind. */
  readonly version?: string;
  /** Advice for the client should the original not exist. */
  readonly hint?: string;
}

/**
 * Reads a request target, from its raw text to the one variant that it asks for.
 *
 * @throws MediaError `invalid_path`, `invalid_signature`, `invalid_transform`, `not_allowed`, `not_found`
 */
export function readRequest(
  target: string,
  accept: string | undefined,
  rules: RequestRules,
): VariantRequest {
  const { signature, path, query } = readTarget(target, rules.basePath);
  if (signature !== undefined)
    throw new MediaError("invalid_signature", "the signature is invalid");
  const version = new URLSearchParams(query).get("v");
  const request = settle(splitPath(path), accept, rules);
  return version === null ? request : { ...request, version };
}

function settle(
  parsed: ParsedPath,
  accept: string | undefined,
  rules: RequestRules,
): VariantRequest {
  const { key, spec, hint } = parsed;
  if (isUnderRoot(rules.prefix, key)) return settleStored(parsed, rules);
  if (!spec) throw refuseOriginal(hint);
  // a format that cannot hold so large a picture is not offered
  const offered = rules.autoFormats.filter((candidate) => canHold(candidate, spec));
  const format = negotiateFormat(spec.format, key, { accept, preference: offered });
  const address = { key, spec: normalizeTransform(spec, format), format };
  return {
    ...address,
    variantKey: checkedVariantKey(rules.prefix, address),
    form: "request",
    isNegotiated: spec.format === "auto",
    ...(hint && { hint }),
  };
}

function canHold(format: PreferredFormat, spec: TransformSpec): boolean {
  try {
    normalizeTransform(spec, format);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false; // if no format can, the error comes again
    throw error;
  }
}

/** A stored form is a variant key, bare; anything else under the root names nothing. */
function settleStored(parsed: ParsedPath, { prefix }: RequestRules): VariantRequest {
  const isBare = !parsed.spec && !parsed.isFenced;
  const address = isBare ? parseVariantKey(prefix, parsed.key) : undefined;
  if (!address || isUnderRoot(prefix, address.key)) {
    throw new MediaError("not_found", `no variant has the key "${parsed.key}"`);
  }
  checkKey(address.key);
  return {
    ...address,
    variantKey: checkedVariantKey(prefix, address),
    form: "stored",
    isNegotiated: false,
  };
}

function checkedVariantKey(prefix: VariantPrefix, address: VariantAddress): string {
  const key = variantKey(prefix, address);
  checkLength("the key of the variant", utf8Length(key), MAX_KEY_BYTES);
  checkLength("the path of the variant", encodeVariantKey(key).length, MAX_STORED_PATH_BYTES);
  return key;
}

function checkLength(what: string, length: number, limit: number): void {
  if (length <= limit) return;
  throw new MediaError("invalid_path", `${what} must have at most ${limit} bytes, got ${length}`);
}

function refuseOriginal(hint: string | undefined): MediaError {
  const problem = "originals are not served as they are: put options before the key, such as w_800";
  return new MediaError("not_allowed", hint ? `${problem}; ${hint}` : problem);
}
