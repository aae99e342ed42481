import { LRUCache } from "lru-cache";
import { orAbort } from "../../abort.ts";
import type { LocateResult, ObjectInfo, ObjectStore } from "../../store/store.ts";
import { tooLarge } from "../../store/store.ts";
import { createCoalescer } from "../../concurrency/coalesce.ts";
import type { Observe } from "../observe.ts";

/** As long as that an original is taken to be where it was; who reads it finds out if it is not. */
const MAX_AGE_MS = 10_000;
/** Each has how its original begins: 64 KiB at the most. */
const MAX_KNOWN = 64;

export interface FileLocatorDeps {
  readonly locate: NonNullable<ObjectStore["locate"]>;
  readonly maxBytes: number;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/** What tells an original from what it was before. */
export type OriginalVersion = Pick<ObjectInfo, "etag" | "size">;

interface LocateOptions {
  /** What the store has said of it. */
  readonly known?: OriginalVersion | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** Finds originals that are files; the same object for all who want the same one at about the same time. */
export interface FileLocator {
  /** @throws MediaError `too_large`, and what the store throws */
  locate(key: string, options: LocateOptions): Promise<LocateResult>;
  /** Finds one as it is now, for those who will want it in that version; of whatever size. */
  locateCurrent(key: string, signal: AbortSignal): Promise<OriginalVersion | undefined>;
  /** Whether some version of an original has been found a moment ago. */
  has(key: string): boolean;
  /** Lets go of an original that has changed. */
  forget(key: string): void;
}

export function createFileLocator({
  locate,
  maxBytes,
  observe,
  now,
}: FileLocatorDeps): FileLocator {
  const searches = createCoalescer<LocateResult>();
  const searchesNow = createCoalescer<OriginalVersion | undefined>();
  const found = new LRUCache<string, Known>({
    max: MAX_KNOWN,
    ttl: MAX_AGE_MS,
    perf: { now },
    ttlResolution: 0,
  });
  return {
    locate: async (key, { known, signal }) => {
      if (known && known.size > maxBytes) throw tooLarge(known.size, maxBytes);
      const version = known?.etag;
      const present = found.get(key);
      if (present && present.version === version) return present.result;
      const search = searches.join(JSON.stringify([key, version]), async () => {
        observe({ kind: "fetch" });
        const result = await locate(key, { maxBytes });
        if (result.kind === "located") found.set(key, { version, result });
        return result;
      });
      return orAbort(search, signal);
    },
    locateCurrent: async (key, signal) => {
      const search = searchesNow.join(key, async () => {
        const result = await locate(key, { maxBytes: Number.POSITIVE_INFINITY });
        if (result.kind === "missing") return undefined;
        observe({ kind: "fetch" });
        found.set(key, { version: result.info.etag, result });
        return result.info;
      });
      return orAbort(search, signal);
    },
    has: (key) => found.has(key),
    forget: (key) => void found.delete(key),
  };
}

interface Known {
  /** Which version was asked for, if any was. */
  readonly version: string | undefined;
  readonly result: LocateResult;
}
