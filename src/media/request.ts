import { MediaError } from "../errors.ts";
import type { PreferredFormat } from "../image/negotiate.ts";
import { negotiateFormat } from "../image/negotiate.ts";
import { adviseOn } from "../transform/advice.ts";
import { checkArea } from "../transform/area.ts";
import { remarkOnKey } from "../transform/hint.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { adviseFence } from "../transform/parse.ts";
import type { Permits, Policy } from "../transform/policy.ts";
import { permitTransform } from "../transform/policy.ts";
import type { Presets } from "../transform/presets.ts";
import { expandPresets } from "../transform/presets.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkBytes, checkText } from "../transform/text.ts";
import { checkKey, MAX_KEY_BYTES, MAX_PATH_BYTES } from "../url/key.ts";
import type { ParsedPath } from "../url/path.ts";
import { readTarget, splitPath } from "../url/path.ts";
import type { Verify } from "../url/signature.ts";
import type { VariantAddress } from "../url/variant-key.ts";
import { encodeVariantKey, parseVariantKey, variantKey } from "../url/variant-key.ts";
import type { VariantPrefix } from "../url/variant-prefix.ts";
import { isUnderRoot } from "../url/variant-prefix.ts";

/** Leaves room for a base path before it. */
const MAX_STORED_PATH_BYTES = MAX_PATH_BYTES - 64;

/** What decides how a request is read; the same for all requests of a service. */
export interface RequestRules {
  /** Empty, or like `/i`. */
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  /** The formats to choose from under `f_auto`, best first. */
  readonly autoFormats: readonly PreferredFormat[];
  readonly presets: Presets;
  /** What may be asked for without a signature. */
  readonly policy: Policy;
  /** Whether an unsigned request may have a variant made by its stored name. */
  readonly permits: Permits;
  /** Absent where no secret is known, and so no signature can be right. */
  readonly verify?: Verify;
  /** Anybody can fetch what is stored, so that it need not be kept from them here. */
  readonly arePublic: boolean;
  readonly originals: {
    /** Whether originals are given out as they are. */
    readonly passthrough: "refuse" | "allow" | "redirect";
    /** What the keys of all originals have to begin with. */
    readonly prefix: string;
  };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A request for one variant, fully settled: no store is needed to know which. */
export interface VariantRequest extends VariantAddress {
  readonly variantKey: string;
  /** `request` is `/w_300/cat.jpg`; `stored` names the stored object itself. */
  readonly form: "request" | "stored";
  /** Whether the variant may be made if there is none. */
  readonly mayMake: boolean;
  /** The format depends on `Accept`. */
  readonly isNegotiated: boolean;
  /** The `v` of the query: which version of the variant the client has in mind. */
  readonly version?: string;
  /** Unix time, in seconds, from which the URL is no longer good. */
  readonly expires?: number;
  /** Advice for the client should the original not exist. */
  readonly hint?: string;
}

/** A request for an original as it is. */
export interface OriginalRequest {
  readonly form: "original";
  readonly key: string;
  readonly hint?: string;
}

export type MediaRequest = VariantRequest | OriginalRequest;

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
  const { signature, path, query } = readTarget(target, rules.basePath);
  const isSigned = signature !== undefined;
  if (isSigned && !(await rules.verify?.(signature, path))) {
    throw new MediaError("invalid_signature", "the signature is invalid");
  }
  if (!isSigned) checkOpenness(path, rules);
  const parsed = splitHelpfully(path, rules);
  if (isUnderRoot(rules.prefix.root, parsed.key)) {
    return withVersion(settleStored(parsed, isSigned, rules), query);
  }
  checkPrefix(parsed.key, rules);
  if (!parsed.spec) return settleOriginal(parsed, rules);
  return settleRequest({ ...parsed, typed: parsed.spec, isSigned }, accept, rules);
}

/** Tells those who come from other services what to write instead. */
function splitHelpfully(path: string, rules: RequestRules): ParsedPath {
  try {
    return splitPath(path, rules);
  } catch (error) {
    const advice = adviseOn(path.split("/")[0] ?? "");
    if (!advice || !(error instanceof MediaError)) throw error;
    throw new MediaError(error.code, `${error.message}; ${advice}`);
  }
}

function withVersion(request: VariantRequest, query: string): VariantRequest {
  const version = new URLSearchParams(query).get("v");
  return version === null ? request : { ...request, version };
}

/** Where nothing can be had without a signature, nothing is said of what is wrong either. */
function checkOpenness(path: string, { policy, originals, prefix }: RequestRules): void {
  const hasDoor = policy.isOpen || policy.hasPresets || policy.allowed !== undefined;
  if (hasDoor || originals.passthrough !== "refuse" || path.startsWith(prefix.root)) return;
  throw new MediaError("not_allowed", "a signature is needed");
}

interface Asked extends ParsedPath {
  /** As it was typed, its presets still names. */
  readonly typed: TransformSpec;
  readonly isSigned: boolean;
}

function settleRequest(
  { key, typed, text = "", isFenced, isSigned }: Asked,
  accept: string | undefined,
  rules: RequestRules,
): VariantRequest {
  const { presets, policy, prefix, autoFormats } = rules;
  checkExpiry(typed, isSigned, rules);
  const { expires, ...spec } = isSigned
    ? expandPresets(typed, presets)
    : permitTransform(policy, typed, presets);
  const isNegotiated = spec.format === "auto";
  // a format that cannot hold so large a picture is not offered
  const preference = isNegotiated
    ? autoFormats.filter((candidate) => canHold(candidate, spec) && canMove(candidate, spec))
    : autoFormats;
  const format = negotiateFormat(spec.format, key, { accept, preference });
  const address = { key, spec: normalizeTransform(spec, format), format };
  return {
    ...address,
    variantKey: checkedVariantKey(prefix, address),
    form: "request",
    mayMake: true,
    isNegotiated,
    ...(expires && { expires }),
    ...(!isFenced && { hint: adviseFence(text) }),
  };
}

/** An expiry that anybody could change is none. */
function checkExpiry({ expires }: TransformSpec, isSigned: boolean, { now }: RequestRules): void {
  if (expires === undefined) return;
  if (!isSigned) {
    throw new MediaError("invalid_transform", 'option "exp" must be signed');
  }
  if (expires * 1000 <= now()) throw new MediaError("expired", "the URL has expired");
}

/** Whoever asks for all frames is not to get one because their browser knows AVIF. */
function canMove(format: PreferredFormat, { animated }: TransformSpec): boolean {
  return format !== "avif" || !animated;
}

function canHold(format: PreferredFormat, spec: TransformSpec): boolean {
  try {
    checkArea(normalizeTransform(spec, format), format);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false; // if no format can, the error comes again
    throw error;
  }
}

/** A stored form is a variant key, bare; anything else under the root names nothing. */
function settleStored(parsed: ParsedPath, isSigned: boolean, rules: RequestRules): VariantRequest {
  const { prefix, permits, arePublic } = rules;
  const isBare = !parsed.spec && !parsed.isFenced;
  const address = isBare ? parseVariantKey(prefix, parsed.key) : undefined;
  if (!address || isUnderRoot(prefix.root, address.key)) {
    throw new MediaError("not_found", `no variant has the key "${parsed.key}"`);
  }
  checkKey(address.key);
  checkPrefix(address.key, rules);
  const mayMake = isSigned || permits(address);
  if (!mayMake && !arePublic) throw new MediaError("not_allowed", "a signature is needed");
  return {
    ...address,
    variantKey: checkedVariantKey(prefix, address),
    form: "stored",
    mayMake,
    isNegotiated: false,
  };
}

function checkedVariantKey(prefix: VariantPrefix, address: VariantAddress): string {
  checkArea(address.spec, address.format);
  const key = variantKey(prefix, address);
  checkText(key.slice(key.lastIndexOf("/") + 1, key.lastIndexOf(".")));
  checkBytes("the key of the variant", key, { max: MAX_KEY_BYTES });
  // a character comes to nine at the most
  if (key.length * 9 > MAX_STORED_PATH_BYTES) {
    checkBytes("the path of the variant", encodeVariantKey(key), { max: MAX_STORED_PATH_BYTES });
  }
  return key;
}

function checkPrefix(key: string, { originals }: RequestRules): void {
  if (key.startsWith(originals.prefix)) return;
  throw new MediaError("not_allowed", `the key must begin with "${originals.prefix}"`);
}

function settleOriginal({ key, isFenced }: ParsedPath, rules: RequestRules): OriginalRequest {
  const [first = "", ...rest] = key.split("/");
  const hint = isFenced || rest.length === 0 ? undefined : remarkOnKey(first, rules);
  if (rules.originals.passthrough !== "refuse") {
    return { form: "original", key, ...(hint && { hint }) };
  }
  const problem = "originals are not served as they are: put options before the key";
  throw new MediaError("not_allowed", hint ? `${problem}; ${hint}` : problem);
}
