import type { ImageFormat } from "../transform/formats.ts";
import type { Policy, StoredCheck } from "../transform/policy.ts";
import type { Presets } from "../transform/spec.ts";
import type { Verify } from "../url/signature.ts";
import type { VariantAddress } from "../url/variant-key.ts";
import type { VariantPrefix } from "../url/variant-prefix.ts";

/** What decides how a request is read; the same for all requests of a service. */
export interface RequestRules {
  /** Empty, or like `/i`. */
  readonly basePath: string;
  readonly prefix: VariantPrefix;
  /** The formats to choose from under `f_auto`, best first. */
  readonly autoFormats: readonly ImageFormat[];
  readonly presets: Presets;
  /** What may be asked for without a signature. */
  readonly policy: Policy;
  /** Whether an unsigned request may have a variant made by its stored name. */
  readonly permits: StoredCheck;
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
  /** The same in the next best format, should this one take too long; under `f_auto` only. */
  readonly alternative?: () => VariantRequest;
  /** It is answered in place of a better one, which is being made. */
  readonly isFallback?: boolean;
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
