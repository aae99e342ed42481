import type { ErrorCode } from "../errors.ts";
import type { OutputFormat } from "../transform/formats.ts";

/** Events inside the use cases, for metrics and logs. */
export type MediaEvent =
  /** A variant was stored already. */
  | { readonly kind: "hit" }
  /** A variant has to be made. */
  | { readonly kind: "miss" }
  /** A request waits for the same variant as another one. */
  | { readonly kind: "join" }
  /** The bytes of an original were requested from its store. */
  | { readonly kind: "fetch" }
  | { readonly kind: "transform"; readonly format: OutputFormat; readonly ms: number }
  /** A purge begins. */
  | { readonly kind: "purge" }
  | { readonly kind: "purged"; readonly variants: number }
  | { readonly kind: "bucket_event"; readonly outcome: BucketEventOutcome }
  /** A request, or a part of one, failed. */
  | { readonly kind: "failure"; readonly code: ErrorCode }
  /** A variant was made and answered, but could not be stored. */
  | { readonly kind: "write_failed"; readonly variantKey: string; readonly error: unknown }
  /** Background work failed; it is tried again later. */
  | { readonly kind: "background_failed"; readonly task: string; readonly error: unknown };

/** The result for an event of a bucket; `refused` means malformed, or not authentic. */
export type BucketEventOutcome = "purged" | "ignored" | "refused" | "failed";

export type Observe = (event: MediaEvent) => void;
