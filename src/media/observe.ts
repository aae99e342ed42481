import type { ErrorCode } from "../errors.ts";
import type { OutputFormat } from "../transform/formats.ts";

/** What happens inside the use cases, for metrics and logs. */
export type MediaEvent =
  /** A variant was there already. */
  | { readonly kind: "hit" }
  /** A variant has to be made. */
  | { readonly kind: "miss" }
  /** A request waits for the same variant as another one. */
  | { readonly kind: "join" }
  /** The bytes of an original were asked for. */
  | { readonly kind: "fetch" }
  | { readonly kind: "transform"; readonly format: OutputFormat; readonly ms: number }
  /** Somebody wants variants deleted. */
  | { readonly kind: "purge" }
  | { readonly kind: "purged"; readonly variants: number }
  | { readonly kind: "bucket_event"; readonly outcome: BucketEventOutcome }
  /** A request, or a part of one, failed. */
  | { readonly kind: "failure"; readonly code: ErrorCode }
  /** A variant was made and answered, but could not be kept. */
  | { readonly kind: "write_failed"; readonly variantKey: string; readonly error: unknown }
  /** Something that nobody waits for failed; it is tried again later. */
  | { readonly kind: "background_failed"; readonly task: string; readonly error: unknown };

/** What came of an event that a bucket sent: `refused` is one that was not understood, or not believed. */
export type BucketEventOutcome = "purged" | "ignored" | "refused" | "failed";

export type Observe = (event: MediaEvent) => void;
