import { LRUCache } from "lru-cache";
import type { Lease, Semaphore } from "../../async/semaphore.ts";
import type { Demand, SharedLease } from "../../async/shared-work.ts";
import { SharedWork } from "../../async/shared-work.ts";
import { MediaError, overloaded } from "../../errors.ts";
import type {
  GetResult,
  LocateResult,
  ObjectInfo,
  ObjectStore,
  OpenOptions,
  OpenResult,
} from "../../store/store.ts";
import { toStoreTimeout, tooLarge } from "../../store/store.ts";
import type { Observe } from "../observe.ts";
import type { OpenBodies } from "../open-bodies.ts";
import type { OriginalVersion } from "./locate.ts";
import { FileLocator } from "./locate.ts";

/** Bytes whose version is unknown are shared with others for this long. */
const MAX_AGE_MS = 10_000;

export interface OriginalsDeps {
  readonly store: Pick<ObjectStore, "head" | "get" | "open" | "locate">;
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

interface LeaseOptions {
  /** The version that the store has named: bytes of it that are at hand are not fetched again. */
  readonly known?: OriginalVersion | undefined;
  /** Ends the wait for the original, but not its use. */
  readonly signal: AbortSignal;
}

type Original = Exclude<GetResult, { kind: "not_modified" }>;

/** An original, or the file that holds it. */
export type OriginalOrFile = Original | LocateResult;

/** An original in use; its bytes count against the budget until all its leases are released. */
export interface OriginalLease extends Disposable {
  readonly original: OriginalOrFile;
}

interface ReadOriginal {
  readonly original: Original;
  /** When the store was asked for it. */
  readonly since: number;
  readonly room: Lease;
}

type CachedOriginal = Pick<ReadOriginal, "since"> & {
  readonly original: Extract<Original, { kind: "found" }>;
};

/** The error of a read that finds no room in the budget, in time or at all. */
export function tooManyReads(): MediaError {
  return overloaded("too many originals are being read");
}

/** Reads originals; those who want the same one at the same time share one request to the store. */
export class Originals {
  readonly #deps: OriginalsDeps;
  readonly #locator: FileLocator | undefined;
  readonly #heads = new SharedWork<ObjectInfo | undefined>();
  readonly #reads: SharedWork<ReadOriginal>;
  readonly #cached: LRUCache<string, CachedOriginal>;
  /** The ids of reads that wait for their part of the budget. */
  readonly #waiting = new Set<string>();

  constructor(deps: OriginalsDeps) {
    const { cacheBytes, now } = deps;
    const { locate } = deps.store;
    this.#deps = deps;
    this.#locator = locate && new FileLocator({ ...deps, locate });
    this.#cached = new LRUCache({
      maxSize: Math.max(1, cacheBytes),
      sizeCalculation: ({ original }) => original.bytes.length + 1,
      ttl: MAX_AGE_MS,
      perf: { now },
      ttlResolution: 0,
    });
    this.#reads = new SharedWork({
      maxAgeMs: MAX_AGE_MS,
      now,
      onRelease: (id, { original, since, room }, isCurrent) => {
        room.release();
        if (!isCurrent || original.kind !== "found") return;
        this.#cached.set(id, { original, since }, { start: since });
      },
    });
  }

  /** True if originals are files of this machine. */
  get areFiles(): boolean {
    return this.#locator !== undefined;
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

  /** The same for an original that is about to be leased: a file is located on the way. */
  async headToLease(key: string, signal: AbortSignal): Promise<OriginalVersion | undefined> {
    if (!this.#locator || this.#locator.has(key)) return this.head(key, signal);
    try {
      return await this.#locator.locateCurrent(key, signal);
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
    const id = getId(key, known);
    let hadNoRoom = false;
    try {
      const lease: SharedLease<ReadOriginal> = await this.#reads.lease(
        id,
        (demand) => this.#read(key, { id, known }, demand),
        {
          signal,
          since: this.#cached.get(id)?.since,
          onAbort: () => {
            hadNoRoom = this.#waiting.has(id);
          },
        },
      );
      return { original: lease.value.original, [Symbol.dispose]: lease.release };
    } catch (error) {
      throw hadNoRoom && !(error instanceof MediaError) ? tooManyReads() : toStoreTimeout(error);
    }
  }

  /**
   * The same, but of a file no more is read than how it begins. A user that finds the file changed has to
   * `lease` it.
   */
  async leaseOrLocate(key: string, options: LeaseOptions): Promise<OriginalLease> {
    const id = getId(key, options.known);
    const isAtHand = this.#reads.has(id) || this.#cached.has(id);
    if (!this.#locator || isAtHand) return this.lease(key, options);
    try {
      const original = await this.#locator.locate(key, options);
      return { original, [Symbol.dispose]: () => undefined };
    } catch (error) {
      throw toStoreTimeout(error);
    }
  }

  /** Drops what is known of an original that has changed. */
  forget(key: string): void {
    this.#locator?.forget(key);
    const isOfKey = (id: string): boolean => id.startsWith(getId(key, undefined));
    for (const id of this.#cached.keys()) if (isOfKey(id)) this.#cached.delete(id);
    this.#reads.forget(isOfKey);
  }

  async #read(
    key: string,
    { id, known }: { readonly id: string; readonly known: OriginalVersion | undefined },
    { abandoned }: Demand,
  ): Promise<ReadOriginal> {
    const cached = this.#cached.get(id);
    const since = cached?.since ?? this.#deps.now();
    const room = await this.#reserve(id, cached ? 0 : this.#countBytes(known), abandoned);
    try {
      const original = cached?.original ?? (await this.#fetch(key, known, abandoned));
      abandoned.throwIfAborted(); // no lease is left that would give the room back
      room.resize(original.kind === "found" ? original.bytes.length : 0);
      return { original, since, room };
    } catch (error) {
      room.release();
      throw error;
    }
  }

  async #reserve(id: string, bytes: number, signal: AbortSignal): Promise<Lease> {
    const { budget, budgetWaitMs } = this.#deps;
    this.#waiting.add(id);
    try {
      return await budget.acquire(bytes, { signal, timeoutMs: budgetWaitMs });
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** The size of an original if it is known, or else the largest that it may have. */
  #countBytes(known: OriginalVersion | undefined): number {
    const { maxBytes } = this.#deps;
    if (known && known.size > maxBytes) throw tooLarge(known.size, maxBytes);
    return known?.size ?? maxBytes;
  }

  async #fetch(
    key: string,
    known: OriginalVersion | undefined,
    signal: AbortSignal,
  ): Promise<Original> {
    const { store, maxBytes, observe } = this.#deps;
    observe({ kind: "fetch" });
    const result = await store.get(key, { maxBytes, signal });
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

/** The name of one version of an original; that of all its versions begins so. */
function getId(key: string, known: OriginalVersion | undefined): string {
  return `${JSON.stringify(key)} ${known?.etag ?? ""}`;
}
