import { LRUCache } from "lru-cache";
import { MediaError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { VariantRequest } from "../request/request.ts";
import type { Variant, VariantInfo } from "./variant.ts";

const MAX_SEEN = 50_000;
const MAX_FAILURES = 10_000;
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

const OF_UNWRITTEN = {
  maxSize: MAX_UNWRITTEN_BYTES,
  sizeCalculation: ({ value }: Dated<Variant>): number => value.bytes.length + 1,
  ttl: UNWRITTEN_MS,
};

/** What an instance remembers of its variants; all of it can be lost. */
export interface Memo {
  /** Notes that the store has this variant, and that its original was current at `checkedAt`. */
  remember(request: VariantRequest, info: VariantInfo, checkedAt: number): void;
  recall(request: VariantRequest): Seen | undefined;
  noteTry(request: VariantRequest, triedAt: number): void;
  /** Notes that the store has another version of this variant than `was`, if that is still remembered. */
  correct(request: VariantRequest, was: VariantInfo, info: VariantInfo): void;
  /** Bytes of a variant that the store has. */
  keepBytes(variantKey: string, variant: Variant): void;
  bytesOf(variantKey: string, info: VariantInfo): Uint8Array | undefined;
  /** A variant that could not be written: it is made again only after a while. */
  keepUnwritten(variantKey: string, variant: Variant): void;
  unwrittenOf(request: VariantRequest): Variant | undefined;
  /**
   * Notes why a variant, or all of an original's, cannot be had for now.
   *
   * @param since the turn when that was tried: what was forgotten since is news
   */
  noteFailure(request: VariantRequest, error: unknown, since: number): void;
  failureOf(request: VariantRequest): MediaError | undefined;
  forget(variantKey: string): void;
  /** Another number each time that an original, or all that begin like it, is forgotten. */
  turnOf(key: string): number;
  /** Forgets all that was noted so far of an original's variants, failures too. */
  forgetOriginal(key: string): void;
  /** Forgets all that was noted of originals whose keys begin so, and of their variants. */
  forgetPrefix(begin: { readonly key: string; readonly variantKey: string }): void;
}

export interface Seen {
  readonly info: VariantInfo;
  /** When the original was last known to be the one that it was made from. */
  readonly checkedAt: number;
  /** When that was last asked, with or without an answer. */
  readonly triedAt?: number;
}

/**
 * @param now milliseconds since some beginning
 * @param maxBytes of variants whose bytes are kept
 */
export function createMemo(now: () => number, maxBytes: number): Memo {
  const clock = { perf: { now }, ttlResolution: 0 };
  const seen = new LRUCache<string, Dated<Seen>>({ max: MAX_SEEN });
  const bytes = new LRUCache<string, Variant>(boundedBy(Math.max(1, maxBytes)));
  const unwritten = new LRUCache<string, Dated<Variant>>({ ...OF_UNWRITTEN, ...clock });
  const ofFailures = { max: MAX_FAILURES, ...clock };
  const failures = new LRUCache<string, Dated<MediaError>>({ ...ofFailures, ttl: FAILED_MS });
  const missing = new LRUCache<string, MediaError>({ ...ofFailures, ttl: MISSING_MS });
  // what was noted of an original before it was forgotten does not count; there may be too much to delete
  const forgotten = new LRUCache<string, number>({ max: MAX_SEEN });
  let turn = 0;
  let lastOfAll = 0;
  const turnOf = (key: string): number => Math.max(lastOfAll, forgotten.get(key) ?? 0);
  const date = <T>(value: T): Dated<T> => ({ value, turn });
  const valid = <T>(key: string, dated: Dated<T> | undefined): T | undefined =>
    dated && dated.turn >= (forgotten.get(key) ?? 0) ? dated.value : undefined;
  const update = (variantKey: string, change: (known: Seen) => Seen): void => {
    const known = seen.get(variantKey);
    if (known) seen.set(variantKey, { ...known, value: change(known.value) });
  };
  return {
    remember: ({ variantKey }, info, checkedAt) => {
      seen.set(variantKey, date({ info, checkedAt }));
      unwritten.delete(variantKey);
    },
    recall: ({ key, variantKey }) => valid(key, seen.get(variantKey)),
    noteTry: ({ variantKey }, triedAt) => update(variantKey, (known) => ({ ...known, triedAt })),
    correct: ({ variantKey }, was, info) =>
      update(variantKey, (known) => (known.info.etag === was.etag ? { ...known, info } : known)),
    keepBytes: (variantKey, variant) => bytes.set(variantKey, variant),
    bytesOf: (variantKey, info) => {
      const kept = bytes.get(variantKey);
      return kept?.info.etag === info.etag ? kept.bytes : undefined;
    },
    keepUnwritten: (variantKey, variant) => unwritten.set(variantKey, date(variant)),
    unwrittenOf: ({ key, variantKey }) => valid(key, unwritten.get(variantKey)),
    noteFailure: ({ key, variantKey }, error, since) => {
      if (!(error instanceof MediaError) || turnOf(key) !== since) return;
      if (error.code === "original_not_found") missing.set(key, error);
      else if (LASTING.has(error.code)) failures.set(variantKey, date(error));
    },
    failureOf: ({ key, variantKey }) => missing.get(key) ?? valid(key, failures.get(variantKey)),
    forget: (variantKey) => {
      seen.delete(variantKey);
      bytes.delete(variantKey);
      unwritten.delete(variantKey);
    },
    forgetOriginal: (key) => {
      turn += 1;
      forgotten.set(key, turn);
      missing.delete(key);
    },
    turnOf,
    forgetPrefix: ({ key, variantKey }) => {
      turn += 1;
      lastOfAll = turn;
      forgetFrom(missing, key);
      for (const notes of [seen, bytes, unwritten, failures]) forgetFrom(notes, variantKey);
    },
  };
}

function forgetFrom(
  notes: { keys(): Iterable<string>; delete(key: string): boolean },
  begin: string,
): void {
  const meant = [...notes.keys()].filter((key) => key.startsWith(begin));
  for (const key of meant) notes.delete(key);
}

/** A note, and how often something had been forgotten when it was made. */
interface Dated<T> {
  readonly value: T;
  readonly turn: number;
}

function boundedBy(maxSize: number): {
  maxSize: number;
  sizeCalculation: (variant: Variant) => number;
} {
  return { maxSize, sizeCalculation: ({ bytes }) => bytes.length + 1 };
}
