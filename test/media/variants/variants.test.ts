import { RECIPE } from "../../../src/media/recipe.ts";
import { describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { PutOptions } from "../../../src/store/store.ts";
import { createBench, findText, madeOf, requestOf } from "../../support/media/variants.ts";

describe("createVariants", () => {
  it("makes a variant once, keeps it, and finds it without asking the store again", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    expect(await findText(bench)).toBe("catcat");
    await bench.drain();
    const before = bench.calls.length;
    expect(await findText(bench)).toBe("stored");
    expect(bench.calls).toHaveLength(before);
    expect(bench.count("transform")).toBe(1);
    expect(bench.count("miss")).toBe(1);
    expect(bench.count("hit")).toBe(1);
  });

  it("stores the variant with the headers of a public object", async () => {
    const bench = createBench();
    await bench.putOriginal("päx/cat.jpg", "cat");
    const outcome = await bench.variants.find(await requestOf("/w_300,f_webp/päx/cat.jpg"));
    await bench.drain();
    const stored = await bench.store.head("variants/1/päx/cat.jpg/w_300.webp");
    const original = await bench.originals.head("päx/cat.jpg");
    const etag = outcome.kind === "made" ? outcome.variant.info.etag : "";
    expect(etag).toMatch(/^"[\da-f]{64}"$/);
    expect(stored).toMatchObject({
      contentType: "image/webp",
      cacheControl: "max-age=1",
      contentDisposition: 'inline; filename="cat.webp"',
      metadata: {
        "source-etag": original?.etag,
        sha256: etag.slice(1, -1),
        spec: "w_300",
        dimensions: "2x1",
        recipe: String(RECIPE),
        "cache-tag": expect.stringMatching(/^[\da-f]{16}$/),
      },
    });
  });

  it("finds what another instance has made, with one look at each store", async () => {
    const first = createBench();
    await first.putOriginal("cat.jpg", "cat");
    await findText(first);
    await first.drain();
    const second = createBench({ originals: first.originals, store: first.store });
    expect(await findText(second)).toBe("stored");
    expect(second.calls).toEqual(["variants.head", "originals.head"]);
    expect(second.count("transform")).toBe(0);
  });

  it("makes a variant once for all who ask at the same time", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    const all = await Promise.all(Array.from({ length: 100 }, () => findText(bench)));
    expect(new Set(all)).toEqual(new Set(["catcat"]));
    await bench.drain();
    expect(bench.count("transform")).toBe(1);
    expect(bench.count("join")).toBe(99);
    expect(bench.count("originals.get")).toBe(1);
    expect(bench.count("variants.put")).toBe(1);
  });

  it("fetches an original once for several of its variants", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await Promise.all(Array.from({ length: 10 }, (_, n) => findText(bench, `/w_${n + 1}/cat.jpg`)));
    expect(bench.count("transform")).toBe(10);
    expect(bench.count("originals.get")).toBe(1);
  });

  it("reads no more originals at a time than there is room for", async () => {
    let atWork = 0;
    let most = 0;
    const bench = createBench({
      budget: 3000, // of at most 1000 bytes each
      transform: async () => {
        atWork += 1;
        most = Math.max(most, atWork);
        await vi.waitUntil(() => most >= 3);
        await new Promise(setImmediate); // time for one more than three to come
        atWork -= 1;
        return madeOf(new Uint8Array(1));
      },
    });
    const keys = Array.from({ length: 12 }, (_, n) => `${n}.jpg`);
    for (const key of keys) await bench.putOriginal(key, "x".repeat(1000));
    await Promise.all(keys.map((key) => findText(bench, `/w_1/${key}`)));
    expect(most).toBe(3);
  });

  it("lets others join until the variant is written", async () => {
    let finish: (() => void) | undefined;
    const store = createMemoryStore();
    const slow = {
      ...store,
      put: async (key: string, bytes: Uint8Array, options: PutOptions) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return store.put(key, bytes, options);
      },
    };
    const bench = createBench({ store: slow });
    await bench.putOriginal("cat.jpg", "cat");
    expect(await findText(bench)).toBe("catcat");
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
    expect(await findText(bench)).toBe("catcat");
    finish?.();
    await bench.drain();
    expect(await findText(bench)).toBe("stored");
    expect(bench.count("transform")).toBe(1);
  });
});
