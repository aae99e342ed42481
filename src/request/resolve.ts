import { MediaError } from "../errors.ts";
import type { ImageFormat } from "../transform/formats.ts";
import { keepsMotion, listKeyFormats, negotiateFormat } from "../transform/negotiate.ts";
import { checkArea, normalizeTransform } from "../transform/normalize.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkBytes, checkTransformLength } from "../transform/limits.ts";
import { MAX_KEY_BYTES, MAX_PATH_BYTES } from "../url/key.ts";
import type { VariantAddress, VariantPrefix } from "../url/variant-key.ts";
import { encodeVariantKey, toVariantKey } from "../url/variant-key.ts";
import type { RequestRules, VariantRequest } from "./request.ts";

/** Leaves room for a base path before it. */
const MAX_STORED_PATH_BYTES = MAX_PATH_BYTES - 64;

interface NegotiableRequest {
  readonly key: string;
  readonly spec: TransformSpec;
  readonly accept: string | undefined;
  readonly common: Pick<VariantRequest, "form" | "mayMake" | "expires" | "hint">;
}

/** Chooses the best format that the client accepts and that can hold the image. */
export function resolveNegotiated(asked: NegotiableRequest, rules: RequestRules): VariantRequest {
  return negotiate({ ...asked, preference: listOfferedFormats(asked, rules) }, rules);
}

/** Lists the formats of `f_auto` that can hold the image. */
export function listOfferedFormats(
  { key, spec }: Pick<NegotiableRequest, "key" | "spec">,
  { autoFormats }: Pick<RequestRules, "autoFormats">,
): readonly ImageFormat[] {
  return listKeyFormats(key, autoFormats).filter((candidate) => canHold(candidate, spec));
}

function negotiate(
  asked: NegotiableRequest & { readonly preference: readonly ImageFormat[] },
  rules: RequestRules,
): VariantRequest {
  const { key, spec, preference, accept, common } = asked;
  const format = negotiateFormat("auto", key, { accept, preference });
  const rest = preference.slice(preference.findIndex((preferred) => preferred === format) + 1);
  const hasOther = rest.length < preference.length;
  return {
    ...resolveAddress({ key, spec, format }, rules),
    ...common,
    isNegotiated: true,
    ...(hasOther && {
      alternative: () => ({
        ...negotiate({ ...asked, preference: rest }, rules),
        isFallback: true,
      }),
    }),
  };
}

/** Under `f_auto`: the request for an original that turns out to be an animation, if the next best format holds it. */
export function findMoving(request: VariantRequest): VariantRequest | undefined {
  const other = request.alternative?.();
  if (!other || !keepsMotion(other.spec, other.format)) return undefined;
  return { ...other, isFallback: false }; // nothing better is being made
}

/** Works out where the variant of a spec is stored. @throws MediaError if it cannot be stored */
export function resolveAddress(
  { key, spec, format }: VariantAddress,
  { prefix }: Pick<RequestRules, "prefix">,
): VariantAddress & { readonly variantKey: string } {
  const address = { key, spec: normalizeTransform(spec, format), format };
  return { ...address, variantKey: toCheckedVariantKey(prefix, address) };
}

function canHold(format: ImageFormat, spec: TransformSpec): boolean {
  try {
    checkArea(normalizeTransform(spec, format), format);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false; // if no format can, the error comes again
    throw error;
  }
}

/** @throws MediaError for a variant whose name is too long for a store or a URL, or whose area is too large */
export function toCheckedVariantKey(prefix: VariantPrefix, address: VariantAddress): string {
  checkArea(address.spec, address.format);
  const key = toVariantKey(prefix, address);
  checkTransformLength(key.slice(key.lastIndexOf("/") + 1, key.lastIndexOf(".")));
  checkBytes("the key of the variant", key, { max: MAX_KEY_BYTES });
  // a character comes to nine at the most
  if (key.length * 9 > MAX_STORED_PATH_BYTES) {
    checkBytes("the path of the variant", encodeVariantKey(key), { max: MAX_STORED_PATH_BYTES });
  }
  return key;
}
