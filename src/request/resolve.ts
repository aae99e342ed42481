import { MediaError } from "../errors.ts";
import type { ImageFormat } from "../transform/formats.ts";
import { FORMATS } from "../transform/formats.ts";
import { negotiateFormat } from "../transform/negotiate.ts";
import { checkArea, normalizeTransform } from "../transform/normalize.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkBytes, checkTransformLength } from "../transform/limits.ts";
import { MAX_KEY_BYTES, MAX_PATH_BYTES } from "../url/key.ts";
import type { VariantAddress } from "../url/variant-key.ts";
import { encodeVariantKey, variantKey } from "../url/variant-key.ts";
import type { VariantPrefix } from "../url/variant-prefix.ts";
import type { RequestRules, VariantRequest } from "./request.ts";

/** Leaves room for a base path before it. */
const MAX_STORED_PATH_BYTES = MAX_PATH_BYTES - 64;

interface Negotiable {
  readonly key: string;
  readonly spec: TransformSpec;
  readonly accept: string | undefined;
  readonly common: Pick<VariantRequest, "form" | "mayMake" | "expires" | "hint">;
}

/** Settles on the best format that the client names, and that can hold the image. */
export function settleNegotiated(asked: Negotiable, rules: RequestRules): VariantRequest {
  return negotiate({ ...asked, preference: offeredFormats(asked.spec, rules) }, rules);
}

/** A format that cannot hold so large an image is not offered under `f_auto`. */
export function offeredFormats(
  spec: TransformSpec,
  { autoFormats }: Pick<RequestRules, "autoFormats">,
): readonly ImageFormat[] {
  return autoFormats.filter((candidate) => canHold(candidate, spec) && canMove(candidate, spec));
}

function negotiate(
  asked: Negotiable & { readonly preference: readonly ImageFormat[] },
  rules: RequestRules,
): VariantRequest {
  const { key, spec, preference, accept, common } = asked;
  const format = negotiateFormat("auto", key, { accept, preference });
  const rest = preference.slice(preference.findIndex((preferred) => preferred === format) + 1);
  const hasOther = rest.length < preference.length;
  return {
    ...settleAddress({ key, spec, format }, rules),
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

/** Where the variant of a spec is stored. @throws MediaError when it cannot be */
export function settleAddress(
  { key, spec, format }: VariantAddress,
  { prefix }: Pick<RequestRules, "prefix">,
): VariantAddress & { readonly variantKey: string } {
  const address = { key, spec: normalizeTransform(spec, format), format };
  return { ...address, variantKey: checkedVariantKey(prefix, address) };
}

/** A request for all frames never gets one frame because the browser accepts AVIF. */
function canMove(format: ImageFormat, { animated }: TransformSpec): boolean {
  return FORMATS[format].hasMotion || !animated;
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

/** @throws MediaError for a variant that no store could keep, or no URL name */
export function checkedVariantKey(prefix: VariantPrefix, address: VariantAddress): string {
  checkArea(address.spec, address.format);
  const key = variantKey(prefix, address);
  checkTransformLength(key.slice(key.lastIndexOf("/") + 1, key.lastIndexOf(".")));
  checkBytes("the key of the variant", key, { max: MAX_KEY_BYTES });
  // a character comes to nine at the most
  if (key.length * 9 > MAX_STORED_PATH_BYTES) {
    checkBytes("the path of the variant", encodeVariantKey(key), { max: MAX_STORED_PATH_BYTES });
  }
  return key;
}
