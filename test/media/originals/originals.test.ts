import { describe, expect, it, vi } from "vitest";
import { orAbort } from "../../../src/async/abort.ts";
import { Semaphore } from "../../../src/async/semaphore.ts";
import { Originals } from "../../../src/media/originals/originals.ts";
import { MediaError } from "../../../src/errors.ts";
import { OpenBodies } from "../../../src/media/open-bodies.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { Bench } from "../../support/media/variants.ts";
import { createBench, findText, requestOf } from "../../support/media/variants.ts";

async function createKeeping(cacheBytes: number): Promise<Bench> {
  const bench = createBench({ cacheBytes });
  for (const key of ["cat.jpg", "dog.jpg"]) await bench.putOriginal(key, key.slice(0, 3));
  return bench;
}

const NEVER = new AbortController().signal;

describe("originals", () => {
  it("are kept for a while after they were asked for", async () => {
    const bench = await createKeeping(100);
    await findText(bench, "/w_1/cat.jpg");
    await findText(bench, "/w_2/cat.jpg");
    expect(bench.count("originals.get")).toBe(1);
    bench.advance(10_001);
    await findText(bench, "/w_3/cat.jpg");
    expect(bench.count("originals.get")).toBe(2);
  });

  it("are kept by their version", async () => {
    const bench = await createKeeping(100);
    await findText(bench, "/w_1/cat.jpg");
    await bench.putOriginal("cat.jpg", "cow");
    expect(await findText(bench, "/w_2/cat.jpg")).toBe("cowcow");
    expect(bench.count("originals.get")).toBe(2);
  });

  it.each(["check", "immutable"] as const)(
    "of this machine are shared only while they are in use, and by their version, with FRESHNESS=%s",
    async (mode) => {
      const freshness = { mode, ttlMs: 1000 };
      const bench = createBench({ areLocal: true, cacheBytes: 100, freshness });
      await bench.putOriginal("cat.jpg", "cat");
      const targets = [1, 2, 3].map((width) => `/w_${width}/cat.jpg`);
      const texts = await Promise.all(targets.map((target) => findText(bench, target)));
      expect(texts).toEqual(["catcat", "catcat", "catcat"]);
      const count = (): number[] =>
        ["originals.head", "originals.get"].map((name) => bench.count(name));
      expect(count()).toEqual([0, 1]);
      await bench.putOriginal("cat.jpg", "cow");
      expect(await findText(bench, "/w_4/cat.jpg")).toBe("cowcow");
      expect(count()).toEqual([0, 2]);
      using lease = await bench.sharedOriginals.lease("cat.jpg", { signal: NEVER });
      expect(await findText(bench, "/w_5/cat.jpg")).toBe("cowcow");
      expect(count()).toEqual([1, 3]);
      await bench.putOriginal("cat.jpg", "dog");
      expect(await findText(bench, "/w_6/cat.jpg")).toBe("dogdog");
      expect(count()).toEqual([2, 4]);
      const { original } = lease;
      expect(original.kind === "found" && Buffer.from(original.bytes).toString()).toBe("cow");
    },
  );

  it("are kept within a bound", async () => {
    const bench = await createKeeping(5);
    for (const target of ["/w_1/cat.jpg", "/w_1/dog.jpg", "/w_2/dog.jpg", "/w_2/cat.jpg"]) {
      await findText(bench, target);
    }
    expect(bench.count("originals.get")).toBe(3);
  });

  it("are let go when they have changed", async () => {
    const bench = await createKeeping(100);
    await findText(bench, "/w_1/cat.jpg");
    await findText(bench, "/w_1/dog.jpg");
    bench.sharedOriginals.forget("cat.jpg");
    await findText(bench, "/w_2/cat.jpg");
    await findText(bench, "/w_2/dog.jpg");
    expect(bench.count("originals.get")).toBe(3);
  });

  it("too large are refused without being read", async () => {
    const bench = createBench({ maxBytes: 2 });
    await bench.putOriginal("cat.jpg", "cat");
    await expect(findText(bench)).rejects.toMatchObject({ code: "too_large" });
    expect(bench.count("originals.get")).toBe(0);
  });

  it("give their part of the budget back when all who wait leave at once", async () => {
    const budget = new Semaphore({ limit: 10 });
    const store = createMemoryStore();
    const never = new Promise<never>(() => undefined);
    const originals = new Originals({
      // one that ends a call when its signal fires
      store: {
        ...store,
        get: (_, { signal = new AbortController().signal }) => orAbort(never, signal),
      },
      areLocal: false,
      areFreed: false,
      openBodies: new OpenBodies({ limit: 1, now: () => performance.now() }),
      maxBytes: 10,
      budget,
      budgetWaitMs: 60_000,
      cacheBytes: 0,
      observe: () => undefined,
      now: () => 0,
    });
    const clients = ["a", "b", "c"].map((key) => {
      const controller = new AbortController();
      const lease = originals.lease(key, { signal: controller.signal });
      return { controller, gone: expect(lease).rejects.toThrow() };
    });
    await vi.waitUntil(() => !budget.isIdle);
    for (const { controller } of clients) controller.abort(new Error("gone"));
    await Promise.all(clients.map(({ gone }) => gone));
    await vi.waitUntil(() => budget.isIdle);
  });

  it.each<[what: string, bytes: string, etag: string, outcome: string]>([
    ["of its size and version", "cat", "known", "cat"],
    ["of its version, but shorter", "ca", "known", "store_failed"],
    ["of a version that has replaced it", "cows", "current", "cows"],
    ["of a version that nobody has named", "cows", "other", "store_failed"],
  ])("are taken from a store that gives bytes %s", async (_, text, etag, outcome) => {
    const bytes = Buffer.from(text);
    const originals = new Originals({
      store: {
        ...createMemoryStore(),
        head: async () => ({ etag: "current", size: 4, metadata: {} }),
        get: async () => ({
          kind: "found",
          bytes,
          info: { etag, size: bytes.length, metadata: {} },
        }),
      },
      areLocal: false,
      areFreed: false,
      openBodies: new OpenBodies({ limit: 1, now: () => 0 }),
      maxBytes: 10,
      budget: new Semaphore({ limit: 10 }),
      budgetWaitMs: 60_000,
      cacheBytes: 0,
      observe: () => undefined,
      now: () => 0,
    });
    const known = { etag: "known", size: 3 };
    const result = await originals.lease("cat.jpg", { known, signal: NEVER }).then(
      ({ original }) => (original.kind === "found" ? String(original.bytes) : original.kind),
      (error: unknown) => (error instanceof MediaError ? error.code : "other"),
    );
    expect(result).toBe(outcome);
  });

  it("are not fetched for jobs that would be refused, unless nobody waits for them", async () => {
    const bench = createBench({ hasRoom: () => false });
    await bench.putOriginal("cat.jpg", "cat");
    await expect(findText(bench)).rejects.toMatchObject({ code: "overloaded" });
    expect(bench.count("originals.get")).toBe(0);
    await bench.variants.find(await requestOf("/w_300/cat.jpg"), { isBackground: true });
    expect(bench.count("originals.get")).toBe(1);
  });
});
