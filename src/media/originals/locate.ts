import { LRUCache } from "lru-cache";
import { orAbort } from "../../async/abort.ts";
import { SharedWork } from "../../async/shared-work.ts";
import type { LocateResult, ObjectInfo, ObjectStore } from "../../store/store.ts";
import { tooLarge } from "../../store/store.ts";
import type { Observe } from "../observe.ts";

/** How long a located file is trusted; its readers check that it has not changed. */
const MAX_AGE_MS = 10_000;
/** Each entry holds how its original begins: 64 KiB at most. */
const MAX_FILES = 64;

export interface FileLocatorDeps {
  readonly locate: NonNullable<ObjectStore["locate"]>;
  readonly maxBytes: number;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/** Tells one version of an original from another. */
export type OriginalVersion = Pick<ObjectInfo, "etag" | "size">;

interface LocateOptions {
  /** The version that the store has named. */
  readonly known?: OriginalVersion | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

interface LocatedOriginal {
  /** The ETag that was asked for, if any was. */
  readonly version: string | undefined;
  readonly result: LocateResult;
}

/** Finds originals that are files; the same object for all that want the same one at about the same time. */
export class FileLocator {
  readonly #deps: FileLocatorDeps;
  readonly #searches = new SharedWork<LocateResult>();
  readonly #currentSearches = new SharedWork<OriginalVersion | undefined>();
  readonly #located: LRUCache<string, LocatedOriginal>;

  constructor(deps: FileLocatorDeps) {
    this.#deps = deps;
    this.#located = new LRUCache({
      max: MAX_FILES,
      ttl: MAX_AGE_MS,
      perf: { now: deps.now },
      ttlResolution: 0,
    });
  }

  /** @throws MediaError `too_large`, and what the store throws */
  async locate(key: string, { known, signal }: LocateOptions): Promise<LocateResult> {
    const { locate, maxBytes, observe } = this.#deps;
    if (known && known.size > maxBytes) throw tooLarge(known.size, maxBytes);
    const version = known?.etag;
    const present = this.#located.get(key);
    if (present && present.version === version) return present.result;
    const search = this.#searches.join(JSON.stringify([key, version]), async () => {
      observe({ kind: "fetch" });
      const result = await locate(key, { maxBytes });
      if (result.kind === "located") this.#located.set(key, { version, result });
      return result;
    });
    return orAbort(search, signal);
  }

  /** Finds the present version, of any size, for callers that will `locate` that version. */
  async locateCurrent(key: string, signal: AbortSignal): Promise<OriginalVersion | undefined> {
    const search = this.#currentSearches.join(key, async () => {
      const result = await this.#deps.locate(key, { maxBytes: Number.POSITIVE_INFINITY });
      if (result.kind === "missing") return undefined;
      this.#deps.observe({ kind: "fetch" });
      this.#located.set(key, { version: result.info.etag, result });
      return result.info;
    });
    return orAbort(search, signal);
  }

  /** True if a version of the original was located a moment ago. */
  has(key: string): boolean {
    return this.#located.has(key);
  }

  /** Drops an original that has changed. */
  forget(key: string): void {
    this.#located.delete(key);
  }
}
