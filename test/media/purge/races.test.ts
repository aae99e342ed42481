import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { PurgeTarget } from "../../../src/media/purge/purge.ts";
import { purge } from "../../../src/media/purge/purge.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { depsOf } from "../../support/media/purge-bench.ts";
import type { Bench, BenchOptions } from "../../support/media/variants.ts";
import { createBench, findText, requestOf } from "../../support/media/variants.ts";

const KEY = "cat.jpg";
const TARGETS: readonly PurgeTarget[] = [
  { kind: "key", key: KEY },
  { kind: "prefix", prefix: "cat" },
];

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function withResolvers<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (e) => settle?.reject(e) };
}

interface Held {
  /** Resolves when the call has come. */
  readonly begun: Promise<void>;
  goOn(): void;
}

interface HeldStore extends ObjectStore {
  hold(method: "head" | "get" | "put", when: "before" | "after"): Held;
}

/** A store in which the next call of a method is held, before it is done or before it is answered. */
function createHeldStore(): HeldStore {
  const store = createMemoryStore();
  let next: { method: string; when: string; begin(): void; wait: Promise<void> } | undefined;
  const held = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    const mine = next?.method === method ? next : undefined;
    if (!mine) return call();
    next = undefined;
    const early = mine.when === "after" ? call() : undefined;
    await early;
    mine.begin();
    await mine.wait;
    return early ?? call();
  };
  return {
    ...store,
    head: (...args) => held("head", () => store.head(...args)),
    get: (...args) => held("get", () => store.get(...args)),
    put: (...args) => held("put", () => store.put(...args)),
    hold: (method, when) => {
      const begun = withResolvers<void>();
      const wait = withResolvers<void>();
      next = { method, when, begin: begun.resolve, wait: wait.promise };
      return { begun: begun.promise, goOn: wait.resolve };
    },
  };
}

function createHeld(options: BenchOptions = {}): { store: HeldStore; bench: Bench } {
  const store = createHeldStore();
  return { store, bench: createBench({ ...options, store }) };
}

describe.each(TARGETS)("a purge by $kind", (target) => {
  it("is not undone by a look-up that began before it", async () => {
    const { store, bench } = createHeld();
    await bench.putOriginal(KEY, "old");
    await findText(bench);
    await bench.drain();
    bench.advance(5000);
    const head = store.hold("head", "after");
    const early = findText(bench);
    await head.begun;
    await purge(depsOf(bench), target);
    head.goOn();
    expect(await early).toBe("stored");
    expect(await findText(bench)).toBe("oldold");
  });

  it.each(["check", "immutable"] as const)(
    "is not undone by a write that began before it, where originals are %s",
    async (mode) => {
      const { store, bench } = createHeld({ freshness: { mode, ttlMs: 1000 } });
      await bench.putOriginal(KEY, "old");
      const put = store.hold("put", "before");
      expect(await findText(bench)).toBe("oldold");
      await put.begun;
      await bench.putOriginal(KEY, "new");
      await purge(depsOf(bench), target);
      // requests from now on do not get variants that were begun before
      expect(await findText(bench)).toBe("newnew");
      put.goOn();
      await bench.drain();
      expect(["stored", "newnew"]).toContain(await findText(bench));
      const kept = await store.get("variants/1/cat.jpg/w_300.jpg", { maxBytes: 100 });
      const text = kept.kind === "found" ? new TextDecoder().decode(kept.bytes) : "newnew";
      expect(text).toBe("newnew");
    },
  );

  it("takes back what is written just behind it", async () => {
    const { store, bench } = createHeld({ freshness: { mode: "immutable", ttlMs: 1000 } });
    await bench.putOriginal(KEY, "old");
    const put = store.hold("put", "before");
    await findText(bench);
    await put.begun;
    await bench.putOriginal(KEY, "new");
    await purge(depsOf(bench), target);
    put.goOn();
    await bench.drain();
    expect(await findText(bench)).toBe("newnew");
  });

  it("is not undone by a read that began before it", async () => {
    const freshness = { mode: "immutable", ttlMs: 1000 } as const;
    const { store, bench } = createHeld({ freshness });
    await bench.putOriginal(KEY, "old");
    await findText(bench);
    await bench.drain();
    // one that has seen the variant, and not its bytes
    const other = createBench({ freshness, store, originals: bench.originals });
    const request = await requestOf("/w_300/cat.jpg");
    const found = await other.variants.find(request);
    if (found.kind !== "stored") throw new Error("it is not there");
    const get = store.hold("get", "after");
    const reading = other.variants.read(request, found.info);
    await get.begun;
    await bench.putOriginal(KEY, "new");
    await purge(depsOf(other), target);
    expect(await findText(other)).toBe("newnew");
    await other.drain();
    get.goOn();
    await reading;
    expect(other.variants.getCached(request)).toMatchObject({
      info: { source: (await bench.originals.head(KEY))?.etag },
    });
  });

  it("forgets failures that were still to come", async () => {
    const transform = withResolvers<never>();
    const begun = withResolvers<void>();
    let calls = 0;
    const { bench } = createHeld({
      transform: async ({ bytes }) => {
        calls += 1;
        begun.resolve();
        if (calls === 1) return transform.promise;
        return { kind: "made", bytes, width: 1, height: 1, queueMs: 0, transformMs: 0 };
      },
    });
    await bench.putOriginal(KEY, "bad");
    const failing = findText(bench);
    await begun.promise;
    await bench.putOriginal(KEY, "good");
    await purge(depsOf(bench), target);
    transform.reject(new MediaError("unusable_original", "it is broken"));
    await expect(failing).rejects.toThrow("broken");
    expect(await findText(bench)).toBe("good");
  });
});
