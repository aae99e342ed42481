import { LRUCache } from "lru-cache";
import { MediaError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { VariantRequest } from "./request.ts";
import type { Variant, VariantInfo } from "./variant.ts";

const MAX_SEEN = 50_000;
const MAX_FAILURES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;

const MISSING_MS = 10_000;
const FAILED_MS = 60_000;
const UNWRITTEN_MS = 60_000;

/** Failures that asking again does not mend, and that were not cheap to find out. */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  "too_large",
  "unsupported_original",
  "unusable_original",
  "invalid_transform",
  "timeout",
]);

/** What an instance remembers of its variants; all of it can be lost. */
export interface Memo {
  /** Notes that the store has this variant, and that its original was current at `checkedAt`. */
  remember(request: VariantRequest, info: VariantInfo, checkedAt: number): void;
  recall(request: VariantRequest): Seen | undefined;
  noteTry(request: VariantRequest, triedAt: number): void;
  /** Notes that the store has another version of this variant than the one remembered. */
  correct(request: VariantRequest, info: VariantInfo): void;
  /** Bytes of a variant that the store has. */
  keepBytes(variantKey: string, variant: Variant): void;
  bytesOf(variantKey: string, info: VariantInfo): Uint8Array | undefined;
  /** A variant that could not be written: it is made again only after a while. */
  keepUnwritten(variantKey: string, variant: Variant): void;
  unwrittenOf(variantKey: string): Variant | undefined;
  /** Notes why a variant, or all of an original's, cannot be had for now. */
  noteFailure(request: VariantRequest, error: unknown): void;
  failureOf(request: VariantRequest): MediaError | undefined;
  forget(variantKey: string): void;
}

export interface Seen {
  readonly info: VariantInfo;
  /** When the original was last known to be the one that it was made from. */
  readonly checkedAt: number;
  /** When that was last asked, with or without an answer. */
  readonly triedAt?: number;
}

/** @param now milliseconds since some beginning */
export function createMemo(now: () => number): Memo {
  const clock = { perf: { now }, ttlResolution: 0 };
  const seen = new LRUCache<string, Seen>({ max: MAX_SEEN });
  const bytes = new LRUCache<string, Variant>(boundedBy(MAX_BYTES));
  const unwritten = new LRUCache<string, Variant>({
    ...boundedBy(MAX_UNWRITTEN_BYTES),
    ttl: UNWRITTEN_MS,
    ...clock,
  });
  const failures = new LRUCache<string, MediaError>({
    max: MAX_FAILURES,
    ttl: FAILED_MS,
    ...clock,
  });
  const missing = new LRUCache<string, MediaError>({
    max: MAX_FAILURES,
    ttl: MISSING_MS,
    ...clock,
  });
  return {
    remember: ({ variantKey }, info, checkedAt) => {
      seen.set(variantKey, { info, checkedAt });
      unwritten.delete(variantKey);
    },
    recall: ({ variantKey }) => seen.get(variantKey),
    noteTry: ({ variantKey }, triedAt) => {
      const known = seen.get(variantKey);
      if (known) seen.set(variantKey, { ...known, triedAt });
    },
    correct: ({ variantKey }, info) => {
      const known = seen.get(variantKey);
      if (known && known.info.etag !== info.etag) seen.set(variantKey, { ...known, info });
    },
    keepBytes: (variantKey, variant) => bytes.set(variantKey, variant),
    bytesOf: (variantKey, info) => {
      const kept = bytes.get(variantKey);
      return kept?.info.etag === info.etag ? kept.bytes : undefined;
    },
    keepUnwritten: (variantKey, variant) => unwritten.set(variantKey, variant),
    unwrittenOf: (variantKey) => unwritten.get(variantKey),
    noteFailure: ({ key, variantKey }, error) => {
      if (!(error instanceof MediaError)) return;
      if (error.code === "original_not_found") missing.set(key, error);
      else if (LASTING.has(error.code)) failures.set(variantKey, error);
    },
    failureOf: ({ key, variantKey }) => missing.get(key) ?? failures.get(variantKey),
    forget: (variantKey) => {
      seen.delete(variantKey);
      bytes.delete(variantKey);
      unwritten.delete(variantKey);
    },
  };
}

function boundedBy(maxSize: number): {
  maxSize: number;
  sizeCalculation: (variant: Variant) => number;
} {
  return { maxSize, sizeCalculation: ({ bytes }) => bytes.length + 1 };
}
