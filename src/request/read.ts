import { invalidTransform, MediaError } from "../errors.ts";
import { negotiateFormat } from "../transform/negotiate.ts";
import { hintForSegment } from "../transform/names.ts";
import { hintForKey, hintAtFence } from "../transform/parse.ts";
import { permitTransform } from "../transform/policy.ts";
import { expandPresets } from "../transform/presets.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkKey } from "../url/key.ts";
import type { ParsedPath, Target } from "../url/path.ts";
import { splitTarget, splitPath } from "../url/path.ts";
import { isInTrash } from "../url/trash.ts";
import { parseVariantKey, isUnderRoot } from "../url/variant-key.ts";
import type { MediaRequest, OriginalRequest, RequestRules, VariantRequest } from "./request.ts";
import { suggestForQuery, suggestTransform } from "./suggest.ts";
import { toCheckedVariantKey, resolveAddress, resolveNegotiated } from "./resolve.ts";

/**
 * Reads a request target, from its raw text to the one variant, or the original, that it asks for.
 *
 * @throws MediaError `invalid_path`, `invalid_signature`, `invalid_transform`, `expired`, `not_allowed`,
 * `not_found`
 */
export async function readRequest(
  target: string,
  accept: string | undefined,
  rules: RequestRules,
): Promise<MediaRequest> {
  const { signature, path, query } = splitTarget(target, rules.basePath);
  const isSigned = signature !== undefined;
  if (isSigned && !(await rules.verify?.(signature, path))) {
    throw new MediaError("invalid_signature", "the signature is invalid");
  }
  if (!isSigned) requireSignatureIfClosed(path, rules);
  const parsed = splitWithHint(path, rules);
  if (isUnderRoot(rules.prefix.root, parsed.key)) {
    return addVersion(resolveStored(parsed, isSigned, rules), query);
  }
  checkPrefix(parsed.key, rules);
  if (!parsed.spec) return resolveOriginal(parsed, { path, query }, rules);
  return resolveRequest({ ...parsed, typed: parsed.spec, isSigned }, accept, rules);
}

/** Adds a hint to the error for options that only other services have. */
function splitWithHint(path: string, rules: RequestRules): ParsedPath {
  try {
    return splitPath(path, rules.presets);
  } catch (error) {
    const [first = "", ...rest] = path.split("/");
    const advice = hintForSegment(first) ?? suggestPath(first, rest, rules);
    if (!advice || !(error instanceof MediaError)) throw error;
    throw new MediaError(error.code, `${error.message}; ${advice}`);
  }
}

function addVersion(request: VariantRequest, query: string): VariantRequest {
  // as it was sent: caches in front have the text of `v=` in their keys, and not that of `%76=`
  const version = /(?:^|&)v=([^&]*)/.exec(query)?.[1];
  return version === undefined ? request : { ...request, version };
}

/** A service that gives nothing without a signature does not say what is wrong either. */
function requireSignatureIfClosed(path: string, rules: RequestRules): void {
  const { policy, originals, prefix, unsignedStored } = rules;
  const hasPublicAccess = policy.isOpen || policy.hasPresets || policy.allowed !== undefined;
  const mayBeStored = unsignedStored !== "none" && path.startsWith(prefix.root);
  if (hasPublicAccess || originals.passthrough !== "refuse" || mayBeStored) return;
  throw new MediaError("not_allowed", "a signature is needed");
}

interface TypedRequest extends ParsedPath {
  /** As it was typed, its presets still names. */
  readonly typed: TransformSpec;
  readonly isSigned: boolean;
}

function resolveRequest(
  { key, typed, text = "", isFenced, isSigned }: TypedRequest,
  accept: string | undefined,
  rules: RequestRules,
): VariantRequest {
  const { presets, policy } = rules;
  checkExpiry(typed, isSigned, rules);
  const { expires, ...spec } = isSigned
    ? expandPresets(typed, presets)
    : permitTransform(policy, typed, presets);
  const common = {
    form: "request",
    mayMake: true,
    ...(expires && { expires }),
    ...(!isFenced && { hint: hintAtFence(text) }),
  } as const;
  if (spec.format !== "auto") {
    const format = negotiateFormat(spec.format, key, { accept, preference: [] });
    return { ...resolveAddress({ key, spec, format }, rules), ...common, isNegotiated: false };
  }
  return resolveNegotiated({ key, spec, accept, common }, rules);
}

/** Without a signature anybody could change the expiry. */
function checkExpiry({ expires }: TransformSpec, isSigned: boolean, { now }: RequestRules): void {
  if (expires === undefined) return;
  if (!isSigned) {
    throw new MediaError("invalid_transform", 'option "exp" must be signed');
  }
  if (expires * 1000 <= now()) throw new MediaError("expired", "the URL has expired");
}

/** A stored form is a variant key, bare; anything else under the root names nothing. */
function resolveStored(parsed: ParsedPath, isSigned: boolean, rules: RequestRules): VariantRequest {
  const { prefix, mayMakeStored, unsignedStored } = rules;
  const isBare = !parsed.spec && !parsed.isFenced;
  const address = isBare ? parseVariantKey(prefix, parsed.key) : undefined;
  if (!address || isUnderRoot(prefix.root, address.key)) {
    throw new MediaError("not_found", `no variant has the key "${parsed.key}"`);
  }
  checkKey(address.key);
  checkPrefix(address.key, rules);
  const mayMake = isSigned || mayMakeStored(address);
  if (!isSigned && (unsignedStored === "none" || (unsignedStored === "allowed" && !mayMake))) {
    throw new MediaError("not_allowed", "a signature is needed");
  }
  return {
    ...address,
    variantKey: toCheckedVariantKey(prefix, address),
    form: "stored",
    mayMake,
    isNegotiated: false,
  };
}

/** @throws MediaError `not_allowed` for a key outside of the prefix of originals, or that of a deleted file */
export function checkPrefix(key: string, { originals }: Pick<RequestRules, "originals">): void {
  if (isInTrash(key)) throw new MediaError("not_allowed", `"${key}" was deleted`);
  if (key.startsWith(originals.prefix)) return;
  throw new MediaError("not_allowed", `the key must begin with "${originals.prefix}"`);
}

function resolveOriginal(
  { key, isFenced }: ParsedPath,
  { path, query }: Target,
  rules: RequestRules,
): OriginalRequest {
  const { basePath, presets, originals } = rules;
  const [first = "", ...rest] = key.split("/");
  const inQuery = suggestForQuery(query, presets);
  if (inQuery !== undefined) {
    const suggested = [basePath, inQuery, path].join("/");
    throw invalidTransform(`options stand before the key, did you mean "${suggested}"?`);
  }
  const isTyped = !isFenced && rest.length > 0;
  const hint = isTyped
    ? (suggestPath(first, rest, rules) ?? hintForKey(first, presets))
    : undefined;
  if (originals.passthrough !== "refuse") {
    return { form: "original", key, ...(hint && { hint }) };
  }
  const problem = "originals are not served as they are: put options before the key";
  throw new MediaError("not_allowed", hint ? `${problem}; ${hint}` : problem);
}

function suggestPath(
  segment: string,
  rest: readonly string[],
  { basePath, presets }: Pick<RequestRules, "basePath" | "presets">,
): string | undefined {
  const text = suggestTransform(segment, presets);
  return text === undefined ? undefined : `did you mean "${[basePath, text, ...rest].join("/")}"?`;
}
