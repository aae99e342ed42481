import { LRUCache } from "lru-cache";
import { MediaError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { VariantRequest } from "../request/request.ts";
import type { Variant, VariantInfo } from "./variant.ts";

/** Stored variants that are known, and purges that are remembered. */
const MAX_VARIANTS = 50_000;
/** Bytes of each list of failures: their names, and for the rest of each entry a number that was measured. */
const MAX_FAILURE_BYTES = 16 * 1024 * 1024;
const FAILURE_SIZE = 1536;
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;

/** Milliseconds until an original or a variant that was missing is looked for again. */
const MISSING_MS = 10_000;
/** Milliseconds until a variant that could not be made is tried again. */
const FAILED_MS = 60_000;
/** Milliseconds for which an original is taken for an animation. */
const MOVING_MS = 300_000;
/** Milliseconds until a variant that could not be stored is made again. */
const UNWRITTEN_MS = 60_000;

/** Failures that a retry does not mend, and that were expensive to find. */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  "too_large",
  "unsupported_original",
  "unusable_original",
  "invalid_transform",
  "timeout",
]);

export interface CachedVariant {
  readonly info: VariantInfo;
  /** When the original was last known to be the one that the variant was made from. */
  readonly checkedAt: number;
  /** When that was last asked, with or without an answer. */
  readonly triedAt?: number;
}

/** A variant, as long as its original is not purged: what is recorded with the token of before then does not count. */
export interface CacheToken {
  readonly key: string;
  readonly variantKey: string;
  readonly generation: number;
}

/** An entry, and the generation in which it was made. */
interface Dated<T> {
  readonly value: T;
  readonly generation: number;
}

/**
 * The memory of one instance about its variants: what the store has, some bytes, and recent failures. All of
 * it can be lost.
 */
export class VariantCache {
  readonly #stored = new LRUCache<string, Dated<CachedVariant>>({ max: MAX_VARIANTS });
  readonly #bytes: LRUCache<string, Variant>;
  readonly #unwritten: LRUCache<string, Dated<Variant>>;
  readonly #failures: LRUCache<string, Dated<MediaError>>;
  /** By the key of the original. */
  readonly #missing: LRUCache<string, MediaError>;
  /** The keys of variants that were not stored when they were looked for. */
  readonly #absent: LRUCache<string, true>;
  readonly #moving: LRUCache<string, Dated<true>>;
  /** The generation in which an original was purged: older entries do not count. They may be too many to delete. */
  readonly #purged = new LRUCache<string, number>({ max: MAX_VARIANTS });
  #generation = 0;
  #prefixGeneration = 0;

  /**
   * @param now milliseconds since some beginning
   * @param maxBytes of stored variants whose bytes are held
   */
  constructor(now: () => number, maxBytes: number) {
    this.#bytes = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ bytes }) => bytes.length + 1,
    });
    this.#unwritten = new LRUCache({
      perf: { now },
      ttlResolution: 0,
      maxSize: MAX_UNWRITTEN_BYTES,
      sizeCalculation: ({ value }) => value.bytes.length + 1,
      ttl: UNWRITTEN_MS,
    });
    this.#failures = createFailures(now, FAILED_MS);
    this.#missing = createFailures(now, MISSING_MS);
    this.#absent = createFailures(now, MISSING_MS);
    this.#moving = createFailures(now, MOVING_MS);
  }

  /** Gives the token for what is about to be learnt of a variant. */
  begin({ key, variantKey }: VariantRequest): CacheToken {
    return { key, variantKey, generation: this.getGeneration(key) };
  }

  /** False once the original was purged. */
  isCurrent({ key, generation }: CacheToken): boolean {
    return this.getGeneration(key) === generation;
  }

  get({ key, variantKey }: VariantRequest): CachedVariant | undefined {
    return this.#unlessPurged(key, this.#stored.get(variantKey));
  }

  /** Records that the store has this variant, and that its original was current at `checkedAt`. */
  set(token: CacheToken, info: VariantInfo, checkedAt: number): void {
    if (!this.isCurrent(token)) return;
    const { variantKey } = token;
    this.#stored.set(variantKey, this.#date({ info, checkedAt }));
    this.#unwritten.delete(variantKey);
    this.#absent.delete(variantKey);
  }

  setTried({ variantKey }: VariantRequest, triedAt: number): void {
    const known = this.#stored.get(variantKey);
    if (known) this.#stored.set(variantKey, { ...known, value: { ...known.value, triedAt } });
  }

  /** Records that the store has another version than `was`, if `was` is still the cached one. */
  replaceInfo({ variantKey }: VariantRequest, was: VariantInfo, info: VariantInfo): void {
    const known = this.#stored.get(variantKey);
    if (known?.value.info.etag !== was.etag) return;
    this.#stored.set(variantKey, { ...known, value: { ...known.value, info } });
  }

  /** The bytes of a stored variant, in the version of `info`. */
  getBytes(variantKey: string, info: VariantInfo): Uint8Array | undefined {
    const cached = this.#bytes.get(variantKey);
    return cached?.info.etag === info.etag ? cached.bytes : undefined;
  }

  setBytes(variantKey: string, variant: Variant): void {
    this.#bytes.set(variantKey, variant);
  }

  /** A variant that could not be written: it is made again only after a while. */
  getUnwritten({ key, variantKey }: VariantRequest): Variant | undefined {
    return this.#unlessPurged(key, this.#unwritten.get(variantKey));
  }

  setUnwritten(token: CacheToken, variant: Variant): void {
    if (this.isCurrent(token)) this.#unwritten.set(token.variantKey, this.#date(variant));
  }

  /** True for a variant that was not stored a moment ago. */
  isAbsent({ variantKey }: VariantRequest): boolean {
    return this.#absent.has(variantKey);
  }

  setAbsent({ variantKey }: VariantRequest): void {
    this.#absent.set(variantKey, true);
  }

  getFailure({ key, variantKey }: VariantRequest): MediaError | undefined {
    return this.#missing.get(key) ?? this.#unlessPurged(key, this.#failures.get(variantKey));
  }

  /** Records why a variant, or every variant of an original, cannot be had for now. */
  setFailure(token: CacheToken, error: unknown): void {
    if (!(error instanceof MediaError) || !this.isCurrent(token)) return;
    const { key, variantKey } = token;
    if (error.code === "original_not_found") this.#missing.set(key, error);
    else if (LASTING.has(error.code)) this.#failures.set(variantKey, this.#date(error));
  }

  /** True for an original that turned out to be an animation lately. */
  isMoving({ key }: VariantRequest): boolean {
    return this.#unlessPurged(key, this.#moving.get(key)) === true;
  }

  setMoving({ key }: VariantRequest): void {
    this.#moving.set(key, this.#date(true));
  }

  /** Deletes what is known of one variant, but not why it failed. */
  delete(variantKey: string): void {
    this.#stored.delete(variantKey);
    this.#bytes.delete(variantKey);
    this.#unwritten.delete(variantKey);
  }

  /** Rises each time the original is purged; results begun in an older generation are discarded. */
  getGeneration(key: string): number {
    return Math.max(this.#prefixGeneration, this.#purged.get(key) ?? 0);
  }

  /** Deletes what is known of an original's variants, failures too. */
  deleteOriginal(key: string): void {
    this.#generation += 1;
    this.#purged.set(key, this.#generation);
    this.#missing.delete(key);
  }

  /** Deletes what is known of all originals whose keys begin so, and of their variants. */
  deletePrefix({ key, variantKey }: { readonly key: string; readonly variantKey: string }): void {
    this.#generation += 1;
    this.#prefixGeneration = this.#generation;
    deleteFrom(this.#missing, key);
    for (const cache of [this.#stored, this.#bytes, this.#unwritten, this.#failures]) {
      deleteFrom(cache, variantKey);
    }
  }

  #date<T>(value: T): Dated<T> {
    return { value, generation: this.#generation };
  }

  #unlessPurged<T>(key: string, entry: Dated<T> | undefined): T | undefined {
    return entry && entry.generation >= (this.#purged.get(key) ?? 0) ? entry.value : undefined;
  }
}

function createFailures<V extends object | true>(
  now: () => number,
  ttl: number,
): LRUCache<string, V> {
  return new LRUCache({
    perf: { now },
    ttlResolution: 0,
    ttl,
    maxSize: MAX_FAILURE_BYTES,
    sizeCalculation: (_, name) => name.length + FAILURE_SIZE,
  });
}

function deleteFrom(
  cache: { keys(): Iterable<string>; delete(key: string): boolean },
  prefix: string,
): void {
  const matching = [...cache.keys()].filter((key) => key.startsWith(prefix));
  for (const key of matching) cache.delete(key);
}
