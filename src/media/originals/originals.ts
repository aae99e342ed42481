import { LRUCache } from "lru-cache";
import { orAbort } from "../../async/abort.ts";
import type { Lease, Semaphore } from "../../async/semaphore.ts";
import { SharedWork } from "../../async/shared-work.ts";
import { MediaError, overloaded } from "../../errors.ts";
import type {
  GetResult,
  ObjectInfo,
  ObjectStore,
  OpenOptions,
  OpenResult,
} from "../../store/store.ts";
import { toStoreTimeout, tooLarge } from "../../store/store.ts";
import { allocateBytes, freeBytes } from "./bytes.ts";
import type { Observe } from "../observe.ts";
import type { OpenBodies } from "../open-bodies.ts";

/** Bytes whose version is unknown are shared with others for this long. */
const MAX_AGE_MS = 10_000;

export interface OriginalsDeps {
  readonly store: Pick<ObjectStore, "head" | "get" | "open">;
  /** Originals are files of this machine: to ask for a version costs as much as to read it. */
  readonly areLocal: boolean;
  /** Nothing reads the bytes after their leases: the memory of large files is freed at once. */
  readonly areFreed: boolean;
  readonly openBodies: OpenBodies;
  readonly maxBytes: number;
  /** Bounds the bytes of all originals that are read and transformed at the same time. */
  readonly budget: Semaphore;
  /** How long a read may wait for its part of the budget. */
  readonly budgetWaitMs: number;
  /** Bytes of originals that are cached after their last use. */
  readonly cacheBytes: number;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/** Tells one version of an original from another. */
export type OriginalVersion = Pick<ObjectInfo, "etag" | "size">;

interface LeaseOptions {
  /** The version that the store has named: bytes of it that are at hand are not fetched again. */
  readonly known?: OriginalVersion | undefined;
  /** Ends the wait for the original, but not its use. */
  readonly signal: AbortSignal;
}

export type OriginalResult = Exclude<GetResult, { kind: "not_modified" }>;

/** An original in use; its bytes count against the budget until all its leases are released. */
export interface OriginalLease extends Disposable {
  readonly original: OriginalResult;
}

interface CachedOriginal {
  readonly original: Extract<OriginalResult, { kind: "found" }>;
  /** When the store was asked for it. */
  readonly since: number;
}

/** One version of an original, from its request to the end of its last lease. */
interface Read {
  readonly known: OriginalVersion | undefined;
  readonly since: number;
  readonly controller: AbortController;
  readonly promise: Promise<OriginalResult>;
  /** Set once it has been read. */
  original?: OriginalResult;
  room?: Lease;
  /** It waits for its part of the budget. */
  isWaiting: boolean;
  users: number;
}

/** The error of a read that finds no room in the budget, in time or at all. */
export function tooManyReads(): MediaError {
  return overloaded("too many originals are being read");
}

/** Reads originals; those who want the same one at the same time share one request to the store. */
export class Originals {
  readonly #deps: OriginalsDeps;
  readonly #heads = new SharedWork<ObjectInfo | undefined>();
  /** The latest read of each original that is in use, by its key. */
  readonly #reads = new Map<string, Read>();
  readonly #cached: LRUCache<string, CachedOriginal>;

  constructor(deps: OriginalsDeps) {
    const { cacheBytes, now } = deps;
    this.#deps = deps;
    this.#cached = new LRUCache({
      maxSize: Math.max(1, cacheBytes),
      sizeCalculation: ({ original }) => original.bytes.length + 1,
      ttl: MAX_AGE_MS,
      perf: { now },
      ttlResolution: 0,
    });
  }

  /** True if originals are files of this machine. */
  get areLocal(): boolean {
    return this.#deps.areLocal;
  }

  /** @throws MediaError what the store throws */
  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    try {
      return await this.#heads.join(key, ({ abandoned }) => this.#deps.store.head(key, abandoned), {
        signal,
      });
    } catch (error) {
      throw toStoreTimeout(error);
    }
  }

  /**
   * Reads an original as it is taken. It takes no part of the budget: its bytes are sent and not held.
   *
   * @throws MediaError `too_large`, `overloaded`, and what the store throws
   */
  async open(key: string, options: OpenOptions): Promise<OpenResult> {
    const { store, openBodies, maxBytes, observe } = this.#deps;
    observe({ kind: "fetch" });
    const result = await openBodies.open(store, key, options);
    if (result.kind !== "found" || result.info.size <= maxBytes) return result;
    result.body.close();
    throw tooLarge(result.info.size, maxBytes);
  }

  /**
   * Reads an original as a whole. All leases at the same time have the same array of bytes.
   *
   * @throws MediaError `too_large`, `overloaded`, and what the store throws
   */
  async lease(key: string, { known, signal }: LeaseOptions): Promise<OriginalLease> {
    const version = known ?? (await this.#headIfAtHand(key, signal));
    const read = this.#findRead(key, version) ?? this.#begin(key, version);
    read.users += 1;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#leave(key, read, signal.reason);
    };
    let hadNoRoom = false;
    const leave = (): void => {
      hadNoRoom = read.isWaiting;
    };
    try {
      return {
        original: await orAbort(read.promise, signal, leave),
        [Symbol.dispose]: release,
      };
    } catch (error) {
      release();
      throw hadNoRoom && !(error instanceof MediaError) ? tooManyReads() : toStoreTimeout(error);
    }
  }

  /** Drops what is known of an original that has changed. */
  forget(key: string): void {
    this.#cached.delete(key);
    this.#reads.delete(key);
  }

  /** Files are shared by version alone: one that is in use may have been replaced. */
  async #headIfAtHand(key: string, signal: AbortSignal): Promise<OriginalVersion | undefined> {
    const isAtHand = this.areLocal && this.#reads.get(key)?.original !== undefined;
    return isAtHand ? this.head(key, signal) : undefined;
  }

  /** Finds a read of this version, or of any that is young enough. */
  #findRead(key: string, known: OriginalVersion | undefined): Read | undefined {
    const read = this.#reads.get(key);
    if (!read || read.controller.signal.aborted) return undefined;
    if (!read.original) return read.known?.etag === known?.etag ? read : undefined;
    return this.#isUsable(read.original, read.since, known) ? read : undefined;
  }

  #isUsable(original: OriginalResult, since: number, known: OriginalVersion | undefined): boolean {
    if (original.kind !== "found") return false;
    if (known) return original.info.etag === known.etag;
    return !this.areLocal && this.#deps.now() - since < MAX_AGE_MS;
  }

  #begin(key: string, known: OriginalVersion | undefined): Read {
    const cached = this.#cached.get(key);
    const usable =
      cached && this.#isUsable(cached.original, cached.since, known) ? cached : undefined;
    const controller = new AbortController();
    const read: Read = {
      known,
      since: usable?.since ?? this.#deps.now(),
      controller,
      // in a microtask: it needs the object that it is a part of
      promise: Promise.resolve().then(() => this.#read(key, read, usable?.original)),
      isWaiting: false,
      users: 0,
    };
    this.#reads.set(key, read);
    return read;
  }

  async #read(
    key: string,
    read: Read,
    cached: OriginalResult | undefined,
  ): Promise<OriginalResult> {
    const { budget, budgetWaitMs } = this.#deps;
    const { known, controller } = read;
    const { signal } = controller;
    try {
      const bytes = cached ? 0 : this.#countBytes(known);
      read.isWaiting = true;
      read.room = await budget.acquire(bytes, { signal, timeoutMs: budgetWaitMs });
      read.isWaiting = false;
      const original = cached ?? (await this.#fetch(key, known, signal));
      signal.throwIfAborted(); // no lease is left that would give the room back
      read.room.resize(original.kind === "found" ? original.bytes.length : 0);
      read.original = original;
      return original;
    } catch (error) {
      read.room?.release();
      if (this.#reads.get(key) === read) this.#reads.delete(key);
      throw error;
    }
  }

  /** The size of an original if it is known, or else the largest that it may have. */
  #countBytes(known: OriginalVersion | undefined): number {
    const { maxBytes } = this.#deps;
    if (known && known.size > maxBytes) throw tooLarge(known.size, maxBytes);
    return known?.size ?? maxBytes;
  }

  /** Ends one use of a read; the last one gives its room back, and frees its bytes or keeps them for a while. */
  #leave(key: string, read: Read, reason: unknown): void {
    read.users -= 1;
    if (read.users > 0) return;
    const { original, since } = read;
    if (!original) return read.controller.abort(reason);
    read.room?.release();
    const isLatest = this.#reads.get(key) === read; // and was not forgotten
    if (isLatest) this.#reads.delete(key);
    if (original.kind !== "found") return;
    // the system caches files by itself
    if (this.areLocal) freeBytes(original.bytes);
    else if (isLatest) this.#cached.set(key, { original, since }, { start: since });
  }

  async #fetch(
    key: string,
    known: OriginalVersion | undefined,
    signal: AbortSignal,
  ): Promise<OriginalResult> {
    const { store, areLocal, areFreed, maxBytes, observe } = this.#deps;
    observe({ kind: "fetch" });
    const allocate = areLocal && areFreed ? { allocate: allocateBytes } : {};
    const result = await store.get(key, { maxBytes, signal, ...allocate });
    if (result.kind === "not_modified") {
      throw new MediaError("store_failed", "the store answered 304 without being asked to");
    }
    if (result.kind !== "found" || !known) return result;
    const { info } = result;
    // it may have been replaced since its version was asked for
    const current = info.etag === known.etag ? known : await store.head(key, signal);
    if (info.etag === current?.etag && info.size === current.size) return result;
    throw new MediaError("store_failed", "the store gave other bytes than it says that it has");
  }
}
