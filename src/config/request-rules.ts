import type { ImageFormat } from "../transform/formats.ts";
import type { RequestRules } from "../request/request.ts";
import { createStoredCheck } from "../transform/policy.ts";
import { createVerify } from "../url/signature.ts";
import type { VariantPrefix } from "../url/variant-key.ts";
import type { PolicyConfig } from "./policy.ts";

/** The settings that decide how requests are read. */
interface RequestConfig {
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  readonly autoFormats: readonly ImageFormat[];
  readonly access: PolicyConfig;
}

/** @param hasPublicUrl whether anybody can fetch variants by their keys */
export function createRequestRules(config: RequestConfig, hasPublicUrl: boolean): RequestRules {
  const { basePath, prefix, autoFormats, access } = config;
  const { policy, presets, secrets, originals, variants } = access;
  return {
    basePath,
    prefix,
    autoFormats,
    presets,
    policy,
    mayMakeStored: createStoredCheck(policy, presets),
    ...(secrets.length > 0 && { verify: createVerify(secrets) }),
    unsignedStored: hasPublicUrl ? "all" : variants === "private" ? "none" : "allowed",
    originals,
    now: () => Date.now(),
  };
}
