import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import type { LookUpDeps, Outcome } from "../../src/media/look-up.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { PutOptions } from "../../src/store/store.ts";
import type { Bench } from "../support/variants.ts";
import { createBench, requestOf } from "../support/variants.ts";

const REQUEST = requestOf("/w_300/cat.jpg");

function textOf(outcome: Outcome): string {
  return outcome.kind === "made" ? new TextDecoder().decode(outcome.variant.bytes) : outcome.kind;
}

async function findText(bench: Bench, target = "/w_300/cat.jpg"): Promise<string> {
  return textOf(await bench.variants.find(requestOf(target)));
}

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
    const outcome = await bench.variants.find(requestOf("/w_300,f_webp/päx/cat.jpg"));
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
        engine: "test",
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
    expect(second.calls).toEqual(["variants.head", "originals.get"]);
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
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
        atWork -= 1;
        return { bytes: new Uint8Array(1), width: 1, height: 1 };
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

describe("freshness", () => {
  it("asks for the original again after the TTL, behind the answer", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    bench.advance(999);
    expect(await findText(bench)).toBe("stored");
    expect(bench.count("originals.get")).toBe(1);
    bench.advance(2);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(bench.count("originals.get")).toBe(2);
    bench.advance(990);
    expect(await findText(bench)).toBe("stored");
    expect(bench.count("originals.get")).toBe(2);
    expect(bench.count("transform")).toBe(1);
  });

  it("shows a replaced original after the TTL, and before the answer after two", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    await bench.putOriginal("cat.jpg", "dog");
    expect(await findText(bench)).toBe("stored");
    bench.advance(2001);
    expect(await findText(bench)).toBe("dogdog");
    await bench.drain();
    const stored = await bench.store.get(REQUEST.variantKey, { maxBytes: 100 });
    expect(stored).toMatchObject({ kind: "found", bytes: new TextEncoder().encode("dogdog") });

    await bench.putOriginal("cat.jpg", "emu");
    bench.advance(1500);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    const outcome = await bench.variants.find(REQUEST);
    const info = outcome.kind === "stored" ? outcome.info : expect.unreachable();
    const variant = await bench.variants.read(REQUEST, info);
    expect(new TextDecoder().decode(variant.bytes)).toBe("emuemu");
  });

  it("takes the variants of a deleted original away", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await bench.putOriginal("cat.jpg/nested.jpg", "nested");
    for (const target of ["/w_1/cat.jpg", "/w_2,f_webp/cat.jpg", "/w_1/cat.jpg/nested.jpg"]) {
      await findText(bench, target);
    }
    await bench.drain();
    await bench.originals.delete(["cat.jpg"]);
    bench.advance(2001);
    await expect(findText(bench, "/w_1/cat.jpg")).rejects.toThrow('there is no original "cat.jpg"');
    await bench.drain();
    const { keys } = await bench.store.list({ prefix: "" });
    expect(keys).toEqual(["variants/1/cat.jpg/nested.jpg/w_1.jpg"]);
  });

  it("keeps the variants of an original that may only be hidden", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    const hiding = {
      ...bench.originals,
      get: async () => ({ kind: "missing", isDefinite: false }) as const,
    };
    const blind = createBench({ originals: hiding, store: bench.store });
    await expect(findText(blind)).rejects.toThrow("there is no original");
    await blind.drain();
    expect(await bench.store.head(REQUEST.variantKey)).toBeDefined();
  });

  it("never looks at the original again when it is immutable", async () => {
    const bench = createBench({ freshness: { mode: "immutable", ttlMs: 1000 } });
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    bench.advance(1_000_000);
    expect(await findText(bench)).toBe("stored");
    const other = createBench({
      originals: bench.originals,
      store: bench.store,
      freshness: { mode: "immutable", ttlMs: 1 },
    });
    expect(await findText(other)).toBe("stored");
    expect(other.calls).toEqual(["variants.head"]);
  });

  it("goes on with what it knows while the store is down, for one more TTL", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    const { get } = bench.originals;
    Object.assign(bench.originals, {
      get: () => Promise.reject(new MediaError("store_failed", "down")),
    });
    bench.advance(1500);
    for (let view = 0; view < 20; view += 1) expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(bench.count("background_failed")).toBe(1);
    expect(bench.count("hit")).toBe(20);
    bench.advance(600);
    await expect(findText(bench)).rejects.toThrow("down");
    Object.assign(bench.originals, { get });
    expect(await findText(bench)).toBe("stored");
  });
});

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
    await expect(findText(bench)).rejects.toThrow("at most 1000 bytes, got 1001");
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
    const first = createBench();
    await first.putOriginal("cat.jpg", "cat");
    await findText(first);
    await first.drain();
    await first.putOriginal("cat.jpg", "dog");
    const second = createBench({ originals: first.originals, store: first.store });
    await findText(second);
    await second.drain();
    const known = await first.variants.find(REQUEST);
    const info = known.kind === "stored" ? known.info : expect.unreachable();
    await first.variants.read(REQUEST, { ...info, etag: '"before"' });
    const before = first.count("variants.get");
    const read = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const outcome = await first.variants.find(REQUEST);
        const current = outcome.kind === "stored" ? outcome.info : expect.unreachable();
        return new TextDecoder().decode((await first.variants.read(REQUEST, current)).bytes);
      }),
    );
    expect(new Set(read)).toEqual(new Set(["dogdog"]));
    expect(first.count("variants.get")).toBe(before);
  });

  it("makes a variant again that was deleted behind its back", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    const made = await bench.variants.find(REQUEST);
    await bench.drain();
    const info = made.kind === "made" ? made.variant.info : expect.unreachable();
    await bench.store.delete([REQUEST.variantKey]);
    const other = createBench({ originals: bench.originals, store: bench.store });
    const variant = await other.variants.read(REQUEST, info);
    expect(new TextDecoder().decode(variant.bytes)).toBe("catcat");
  });
});

function failOnce(error: Error): () => ReturnType<LookUpDeps["transform"]> {
  let isFirst = true;
  return async () => {
    if (!isFirst) return { bytes: new TextEncoder().encode("ok"), width: 1, height: 1 };
    isFirst = false;
    throw error;
  };
}
