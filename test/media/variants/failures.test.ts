import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import { createBench, findText, madeOf, readAll, requestOf } from "../../support/media/variants.ts";

const REQUEST = await requestOf("/w_300/cat.jpg");

describe("failures", () => {
  it("remembers for ten seconds that an original is missing", async () => {
    const bench = createBench();
    await expect(findText(bench)).rejects.toThrow('there is no original "cat.jpg"');
    await bench.putOriginal("cat.jpg", "cat");
    await expect(findText(bench, "/w_301/cat.jpg")).rejects.toThrow(/there is no original/);
    expect(bench.count("originals.get")).toBe(1);
    bench.advance(10_001);
    expect(await findText(bench)).toBe("catcat");
  });

  it("remembers for ten seconds that a stored form is absent, until it is made here", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    const stored = await requestOf("/variants/1/cat.jpg/w_300.jpg");
    const closed = { ...stored, mayMake: false };
    const ask = (): Promise<unknown> => bench.variants.find(closed);
    for (let asked = 0; asked < 5; asked += 1) await expect(ask()).rejects.toThrow("a signature");
    expect(bench.count("variants.head")).toBe(1);
    bench.advance(10_001);
    await expect(ask()).rejects.toThrow("a signature");
    expect(bench.count("variants.head")).toBe(2);
    await findText(bench);
    await bench.drain();
    expect(await ask()).toMatchObject({ kind: "stored" });
  });

  it("remembers an original that cannot be used, and writes nothing", async () => {
    let runs = 0;
    const bench = createBench({
      transform: async () => {
        runs += 1;
        throw new MediaError("unusable_original", "broken");
      },
    });
    await bench.putOriginal("cat.jpg", "cat");
    await expect(findText(bench)).rejects.toThrow("broken");
    bench.advance(59_999);
    await expect(findText(bench)).rejects.toThrow("broken");
    expect(runs).toBe(1);
    bench.advance(2);
    await expect(findText(bench)).rejects.toThrow("broken");
    expect(runs).toBe(2);
    expect(await bench.store.list({ prefix: "" })).toEqual({ keys: [] });
  });

  it("refuses an original with too many bytes", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "x".repeat(1001));
    await expect(findText(bench)).rejects.toThrow(
      "at most 1000 bytes (MAX_ORIGINAL_BYTES), got 1001",
    );
  });

  it("does not remember that it was overloaded", async () => {
    const bench = createBench({ transform: failOnce(new MediaError("overloaded", "full")) });
    await bench.putOriginal("cat.jpg", "cat");
    await expect(findText(bench)).rejects.toThrow("full");
    expect(await findText(bench)).toBe("ok");
  });

  it("answers a variant that cannot be written, and does not make it again for a while", async () => {
    const store = createMemoryStore();
    const readOnly = {
      ...store,
      put: () => Promise.reject(new MediaError("store_failed", "read-only")),
    };
    const bench = createBench({ store: readOnly });
    await bench.putOriginal("cat.jpg", "cat");
    expect(await findText(bench)).toBe("catcat");
    await bench.drain();
    expect(await findText(bench)).toBe("catcat");
    expect(bench.count("transform")).toBe(1);
    expect(bench.count("write_failed")).toBe(1);
  });

  it("gives up on a store that does not answer in time", async () => {
    const silent = { ...createMemoryStore(), get: () => new Promise<never>(() => {}) };
    const bench = createBench({ originals: silent });
    await expect(findText(bench)).rejects.toThrow(
      expect.objectContaining({ code: "timeout", message: "the store did not answer in time" }),
    );
  });

  it("reads a variant that another instance has made anew once, for all who want it", async () => {
    const before = createBench();
    await before.putOriginal("cat.jpg", "cat");
    await findText(before);
    await before.drain();
    const stores = { originals: before.originals, store: before.store };
    const first = createBench(stores);
    const known = await first.variants.find(REQUEST);
    const info = known.kind === "stored" ? known.info : expect.unreachable();
    await first.putOriginal("cat.jpg", "dog");
    const second = createBench(stores);
    await findText(second);
    await second.drain();
    await readAll(first, REQUEST, info);
    const read = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const outcome = await first.variants.find(REQUEST);
        const current = outcome.kind === "stored" ? outcome.info : expect.unreachable();
        return new TextDecoder().decode((await readAll(first, REQUEST, current)).bytes);
      }),
    );
    expect(new Set(read)).toEqual(new Set(["dogdog"]));
    expect(first.count("variants.get")).toBe(1);
  });

  it("makes a variant again that was deleted behind its back", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    const made = await bench.variants.find(REQUEST);
    await bench.drain();
    const info = made.kind === "made" ? made.variant.info : expect.unreachable();
    await bench.store.delete([REQUEST.variantKey]);
    const other = createBench({ originals: bench.originals, store: bench.store });
    const variant = await readAll(other, REQUEST, info);
    expect(new TextDecoder().decode(variant.bytes)).toBe("catcat");
  });
});

function failOnce(error: Error): () => ReturnType<MissDeps["transform"]> {
  let isFirst = true;
  return async () => {
    if (!isFirst) return madeOf(new TextEncoder().encode("ok"));
    isFirst = false;
    throw error;
  };
}
