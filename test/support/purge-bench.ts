import type { PurgeDeps } from "../../src/media/purge/purge.ts";
import type { ObjectStore } from "../../src/store/store.ts";
import { DEFAULT_PREFIX } from "./prefix.ts";
import type { Bench } from "./variants.ts";

/** What purges the variants of a bench. */
export function depsOf(bench: Bench): PurgeDeps {
  const { store, cache, events } = bench;
  const observe = (event: (typeof events)[number]): void => void events.push(event);
  return { variants: store, cache, prefix: DEFAULT_PREFIX, observe };
}

/** Puts objects in the place of variants. */
export async function fill(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.put(key, new Uint8Array([1]), { contentType: "image/webp" });
}
