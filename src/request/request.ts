import type { ImageFormat } from "../transform/formats.ts";
import type { AccessPolicy, StoredCheck } from "../transform/policy.ts";
import type { Presets } from "../transform/spec.ts";
import type { Verify } from "../url/signature.ts";
import type { VariantAddress, VariantPrefix } from "../url/variant-key.ts";

/** Everything that decides how a request is read; the same for all requests of a service. */
export interface RequestRules {
  /** Empty, or like `/i`. */
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  /** The formats to choose from under `f_auto`, best first. */
  readonly autoFormats: readonly ImageFormat[];
  readonly presets: Presets;
  /** The transforms that need no signature. */
  readonly policy: AccessPolicy;
  /** True for a variant that an unsigned request may have made by its stored name. */
  readonly mayMakeStored: StoredCheck;
  /** Absent if no secret is configured: no signature is right then. */
  readonly verify?: Verify;
  /**
   * The stored forms that are answered without a signature. `all`: anybody can fetch stored variants from the bucket,
   * so they need no protection here. `allowed`: those that the policy could have led to.
   */
  readonly unsignedStored: "all" | "allowed" | "none";
  readonly originals: {
    /** How originals are given out as they are. */
    readonly passthrough: "refuse" | "allow" | "redirect";
    /** The beginning of the keys of all originals. */
    readonly prefix: string;
  };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A request for one variant. It names the variant without asking a store. */
export interface VariantRequest extends VariantAddress {
  readonly variantKey: string;
  /** `request` is `/w_300/cat.jpg`; `stored` names the stored object itself. */
  readonly form: "request" | "stored";
  /** The variant may be made if it is not stored. */
  readonly mayMake: boolean;
  /** The format depends on `Accept`. */
  readonly isNegotiated: boolean;
  /** Under `f_auto`: the same variant in the next best format, for when this one takes too long. */
  readonly alternative?: () => VariantRequest;
  /** It is answered in place of a better one, which is being made. */
  readonly isFallback?: boolean;
  /** The `v` of the query: which version of the variant the client has in mind. */
  readonly version?: string;
  /** Unix time in seconds when the URL expires. */
  readonly expires?: number;
  /** A hint for the client, if the original does not exist. */
  readonly hint?: string;
}

/** A request for an original as it is. */
export interface OriginalRequest {
  readonly form: "original";
  readonly key: string;
  readonly hint?: string;
}

export type MediaRequest = VariantRequest | OriginalRequest;
