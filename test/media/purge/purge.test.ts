import { describe, expect, it } from "vitest";
import { purge } from "../../../src/media/purge/purge.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { depsOf, fill } from "../../support/media/purge-bench.ts";
import type { Bench } from "../../support/media/variants.ts";
import { createBench, findText, requestOf } from "../../support/media/variants.ts";

describe("purge", () => {
  it.each([
    "",
    "/a.jpg",
    "a.jpg/",
    "a/../b.jpg",
    "a\n.jpg",
    "variants/1/a.jpg/w_3.jpg",
    "x".repeat(1025),
  ])("refuses the key %j", async (key) => {
    const bench = createBench();
    await expect(purge(depsOf(bench), { kind: "key", key })).rejects.toMatchObject({
      code: "invalid_path",
    });
    expect(bench.calls).toEqual([]);
  });

  it.each(["", "/", "/a", "a\0", "x".repeat(1025)])("refuses the prefix %j", async (prefix) => {
    const deps = depsOf(createBench());
    await expect(purge(deps, { kind: "prefix", prefix })).rejects.toMatchObject({
      code: "invalid_path",
    });
  });

  it("says when one answer was not enough, and goes on when asked again", async () => {
    const store = createMemoryStore();
    const all = Array.from({ length: 10_500 }, (_, n) => `variants/1/p/${n}.jpg/w_3.jpg`);
    await fill(store, all);
    const deps = depsOf(createBench({ store }));
    const target = { kind: "prefix", prefix: "p/" } as const;
    const first = await purge(deps, target);
    expect([first.isComplete, first.purged.length]).toEqual([false, 10_000]);
    expect((await store.list({ prefix: "" })).keys).toHaveLength(500);
    const second = await purge(deps, target, { cursor: first.cursor ?? "" });
    expect([second.isComplete, second.cursor, second.purged.length]).toEqual([
      true,
      undefined,
      500,
    ]);
  });

  it("looks at no more for one answer where there is nothing to delete", async () => {
    const store = createMemoryStore();
    await fill(
      store,
      Array.from({ length: 10_500 }, (_, n) => `variants/1/p/${n}`),
    );
    await fill(store, ["variants/1/p/x.jpg/w_3.jpg"]);
    const deps = depsOf(createBench({ store }));
    const target = { kind: "prefix", prefix: "p/" } as const;
    const first = await purge(deps, target, { isDryRun: true });
    expect([first.isComplete, first.purged, first.left.length]).toEqual([false, [], 100]);
    const options = { isDryRun: true, cursor: first.cursor ?? "" };
    const { purged } = await purge(deps, target, options);
    expect(purged.map(({ key }) => key)).toEqual(["p/x.jpg"]);
  });

  it.each([
    { kind: "key", key: "cat.jpg" },
    { kind: "prefix", prefix: "cat" },
  ] as const)("has a variant made anew at the next request: $kind", async (target) => {
    const bench = createBench({ freshness: { mode: "immutable", ttlMs: 1000 } });
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    await bench.putOriginal("cat.jpg", "dog");
    expect(await findText(bench)).toBe("stored");
    await purge(depsOf(bench), target);
    expect(await findText(bench)).toBe("dogdog");
  });

  it.each([
    { kind: "key", key: "cat.jpg" },
    { kind: "prefix", prefix: "ca" },
  ] as const)("drops what is known of failures: $kind", async (target) => {
    const bench = createBench();
    await expect(findText(bench)).rejects.toThrow("no original");
    await bench.putOriginal("cat.jpg", "cat");
    await purge(depsOf(bench), target);
    expect(await findText(bench)).toBe("catcat");
  });

  it("keeps no variant that was being made of the old bytes", async () => {
    const releases: (() => void)[] = [];
    const held = new Promise<void>((resolve) => {
      releases.push(resolve);
    });
    const bench = createBench({
      freshness: { mode: "immutable", ttlMs: 1000 },
      transform: async ({ bytes }) => {
        await held;
        return { kind: "made", bytes, width: 1, height: 1, queueMs: 0, transformMs: 0 };
      },
    });
    await bench.putOriginal("cat.jpg", "cat");
    const old = findText(bench);
    while (bench.count("originals.get") === 0) await Promise.resolve();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    await bench.putOriginal("cat.jpg", "dog");
    await purge(depsOf(bench), { kind: "key", key: "cat.jpg" });
    for (const release of releases) release();
    expect(await old).toBe("cat");
    await bench.drain();
    expect((await bench.store.list({ prefix: "" })).keys).toEqual([]);
    expect(await findText(bench)).toBe("dog");
  });

  it.each(["head", "put"] as const)("is not undone by a %s under way", async (method) => {
    const inner = createMemoryStore();
    let isPurging = false;
    const purgeAfter = async <T>(name: "head" | "put", result: T): Promise<T> => {
      if (isPurging && name === method) await purge(depsOf(bench), { kind: "key", key: "cat.jpg" });
      return result;
    };
    const store: ObjectStore = {
      ...inner,
      head: async (...args) => purgeAfter("head", await inner.head(...args)),
      put: async (...args) => purgeAfter("put", await inner.put(...args)),
    };
    const bench: Bench = createBench({ store });
    await bench.putOriginal("cat.jpg", "cat");
    const request = await requestOf("/w_300/cat.jpg");
    if (method === "head") await findText(bench);
    await bench.drain();
    bench.cache.delete(request.variantKey);
    isPurging = true;
    await bench.variants.find(request);
    await bench.drain();
    expect(bench.cache.get(request)).toBeUndefined();
  });

  it("is noticed by another instance within the TTL", async () => {
    const first = createBench();
    await first.putOriginal("cat.jpg", "cat");
    await findText(first);
    await first.drain();
    const { originals, store } = first;
    const second = createBench({ originals, store });
    expect(await findText(second)).toBe("stored");
    await first.putOriginal("cat.jpg", "dog");
    await purge(depsOf(first), { kind: "key", key: "cat.jpg" });
    second.advance(1001);
    await findText(second);
    await second.drain();
    const { info } = (await second.variants.find(await requestOf("/w_300/cat.jpg"))) as {
      info: { etag: string };
    }; // it is stored
    const current = await first.variants.find(await requestOf("/w_300/cat.jpg"));
    expect(current.kind === "stored" && current.info.etag).toBe(info.etag);
    expect(second.count("transform")).toBe(1);
  });

  it("rejects when the store fails, and forgets nevertheless", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    const broken = { ...bench.store, delete: () => Promise.reject(new Error("down")) };
    const deps = { ...depsOf(bench), variants: broken };
    await expect(purge(deps, { kind: "key", key: "cat.jpg" })).rejects.toThrow("down");
    const request = await requestOf("/w_300/cat.jpg");
    expect(bench.cache.get(request)).toBeUndefined();
  });
});
