import { expect } from "vitest";
import type { PurgeDeps } from "../../../src/media/purge/purge.ts";
import { purge } from "../../../src/media/purge/purge.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { DEFAULT_PREFIX } from "../url/prefix.ts";
import type { Bench } from "./variants.ts";
import { createBench } from "./variants.ts";

/** Purges the variants of a bench. */
export function depsOf(bench: Bench): PurgeDeps {
  const { store, cache, events } = bench;
  const observe = (event: (typeof events)[number]): void => void events.push(event);
  return { variants: store, cache, prefix: DEFAULT_PREFIX, observe };
}

/** Puts objects in the place of variants. */
export async function fill(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.put(key, new Uint8Array([1]), { contentType: "image/webp" });
}

/** Fills an empty store with more variants of one original than a page has, and purges them. */
export async function expectPagesGone(store: ObjectStore): Promise<void> {
  const all = Array.from({ length: 1100 }, (_, n) => `variants/1/many.jpg/w_${n + 1}.jpg`);
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => all.filter((_, n) => n % 8 === lane));
  await Promise.all(lanes.map((keys) => fill(store, keys)));
  const deps = depsOf(createBench({ store }));
  const { purged, isComplete } = await purge(deps, { kind: "key", key: "many.jpg" });
  expect(isComplete).toBe(true);
  expect(purged[0]?.variants).toHaveLength(all.length);
  expect((await store.list({ prefix: "" })).keys).toEqual([]);
}
