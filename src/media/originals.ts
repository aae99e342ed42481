import { orAbort } from "../abort.ts";
import type { GetResult, ObjectStore } from "../store/store.ts";
import { createCoalescer } from "./coalesce.ts";
import type { Observe } from "./events.ts";

export interface OriginalsDeps {
  readonly store: Pick<ObjectStore, "get">;
  readonly maxBytes: number;
  readonly observe: Observe;
}

/** Reads originals; those who want the same one at the same time share one request to the store. */
export interface Originals {
  /**
   * @param knownEtag the ETag that makes the bytes superfluous
   * @throws MediaError `too_large`, or what the store throws
   */
  fetch(key: string, knownEtag: string | undefined, signal: AbortSignal): Promise<GetResult>;
}

export function createOriginals({ store, maxBytes, observe }: OriginalsDeps): Originals {
  const underWay = createCoalescer<GetResult>();
  return {
    fetch: async (key, knownEtag, signal) => {
      // a caller that gives up leaves the others their answer: the store has a time-out of its own
      const result = underWay.join(JSON.stringify([key, knownEtag]), () => {
        observe({ kind: "fetch" });
        return store.get(key, { maxBytes, ...(knownEtag && { ifNoneMatch: knownEtag }) });
      });
      return orAbort(result, signal);
    },
  };
}
