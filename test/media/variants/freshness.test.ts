import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { Bench } from "../../support/media/variants.ts";
import { createBench, findText, readAll, requestOf } from "../../support/media/variants.ts";

const REQUEST = await requestOf("/w_300/cat.jpg");

describe("freshness", () => {
  it("asks for the original again after the TTL, behind the answer", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    bench.advance(999);
    expect(await findText(bench)).toBe("stored");
    expect(bench.count("originals.head")).toBe(1);
    bench.advance(2);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(bench.count("originals.head")).toBe(2);
    bench.advance(990);
    expect(await findText(bench)).toBe("stored");
    expect(bench.count("originals.head")).toBe(2);
    expect(bench.count("originals.get")).toBe(1);
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
    expect(await readText(bench)).toBe("emuemu");
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
      head: async () => undefined,
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

  it("goes on with what it knows while the store of originals is down", async () => {
    const bench = createBench();
    await bench.putOriginal("cat.jpg", "cat");
    await findText(bench);
    await bench.drain();
    const { head } = bench.originals;
    Object.assign(bench.originals, {
      head: () => Promise.reject(new MediaError("store_failed", "down")),
    });
    bench.advance(1500);
    for (let view = 0; view < 20; view += 1) expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(bench.count("background_failed")).toBe(1);
    expect(bench.count("hit")).toBe(20);
    bench.advance(2600);
    expect(await findText(bench)).toBe("stored");
    await expect(findText(bench, "/w_301/cat.jpg")).rejects.toThrow("down");
    Object.assign(bench.originals, { head });
    await bench.putOriginal("cat.jpg", "dog");
    bench.advance(500);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(await readText(bench)).toBe("dogdog");
  });
});

/** The stored bytes, read through the use case. */
async function readText(bench: Bench): Promise<string> {
  const found = await bench.variants.find(REQUEST);
  const info = found.kind === "stored" ? found.info : expect.unreachable();
  const variant = await readAll(bench, REQUEST, info);
  return new TextDecoder().decode(variant.bytes);
}
