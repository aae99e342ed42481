import { describe, expect, it } from "vitest";
import { RECIPE } from "../../../src/media/recipe.ts";
import { createDeferred } from "../../support/deferred.ts";
import type { Bench, BenchOptions } from "../../support/media/variants.ts";
import { createBench, findText, madeOf, requestOf } from "../../support/media/variants.ts";

const KEY = "variants/1/cat.jpg/w_300.jpg";

/** A bench whose store has a variant of another recipe, of which memory knows nothing. */
async function createOldBench(
  recipe: number | undefined,
  options: Partial<BenchOptions> = {},
): Promise<Bench> {
  const first = createBench();
  await first.putOriginal("cat.jpg", "cat");
  await findText(first);
  await first.drain();
  await setRecipe(first, recipe);
  return createBench({ originals: first.originals, store: first.store, ...options });
}

async function setRecipe({ store }: Bench, recipe: number | undefined): Promise<void> {
  const found = await store.get(KEY, { maxBytes: 1000 });
  if (found.kind !== "found") throw new Error(found.kind);
  const { recipe: _, ...metadata } = found.info.metadata;
  await store.put(KEY, found.bytes, {
    contentType: "image/jpeg",
    metadata: { ...metadata, ...(recipe !== undefined && { recipe: String(recipe) }) },
  });
}

async function readRecipe({ store }: Bench): Promise<string | undefined> {
  return (await store.head(KEY))?.metadata["recipe"];
}

describe("Variants that find one of another recipe", () => {
  it.each([undefined, RECIPE - 1])(
    "answer recipe %s as it is, without another look at the store, and make it anew behind the answer",
    async (recipe) => {
      const bench = await createOldBench(recipe);
      const found = bench.variants.find(await requestOf("/w_300/cat.jpg"));
      expect(await found).toMatchObject({ kind: "stored", info: { recipe: recipe ?? 0 } });
      await bench.drain();
      expect(await readRecipe(bench)).toBe(String(RECIPE));
      const again = await bench.variants.find(await requestOf("/w_300/cat.jpg"));
      expect(again).toMatchObject({ kind: "stored", info: { recipe: RECIPE } });
      await bench.drain();
      expect(bench.count("transform")).toBe(1);
    },
  );

  it.each([RECIPE, RECIPE + 1])("keep recipe %i, with one look at each store", async (recipe) => {
    const bench = await createOldBench(recipe);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(await findText(bench)).toBe("stored");
    expect(bench.calls).toEqual(["variants.head", "originals.head"]);
    expect(await readRecipe(bench)).toBe(String(recipe));
  });

  it("keep visitors from waiting while it is made anew", async () => {
    const gate = createDeferred<void>();
    const bench = await createOldBench(0, {
      transform: async ({ bytes }) => {
        await gate.promise;
        return madeOf(bytes);
      },
    });
    expect(await findText(bench)).toBe("stored");
    expect(await findText(bench)).toBe("stored");
    bench.advance(5000); // it is looked for again
    expect(await findText(bench)).toBe("stored");
    gate.resolve();
    await bench.drain();
    expect(await readRecipe(bench)).toBe(String(RECIPE));
  });

  it("make one anew at a time, and rest in between", async () => {
    let isQuick = false;
    const bench: Bench = await createOldBench(0, {
      transform: async ({ bytes }) => {
        if (!isQuick) bench.advance(100);
        return madeOf(bytes);
      },
    });
    await findText(bench);
    await bench.drain();
    await setRecipe(bench, 0);
    isQuick = true;
    bench.cache.delete(KEY);
    expect(await findText(bench)).toBe("stored");
    await bench.drain();
    expect(bench.count("transform")).toBe(1);
    bench.advance(300);
    expect(await findText(bench)).toBe("stored"); // from memory
    await bench.drain();
    expect(bench.count("transform")).toBe(2);
  });

  it("keep the old one when it cannot be made anew", async () => {
    const bench = await createOldBench(0, {
      transform: async () => {
        throw new Error("no");
      },
    });
    for (let round = 0; round < 3; round += 1) {
      expect(await findText(bench)).toBe("stored");
      await bench.drain();
    }
    expect(await readRecipe(bench)).toBe("0");
  });

  it("wait for it when they are told to renew", async () => {
    const bench = await createOldBench(0);
    const request = await requestOf("/w_300/cat.jpg");
    expect(await bench.variants.find(request, { renews: true })).toMatchObject({ kind: "made" });
    await bench.drain();
    expect(await bench.variants.find(request, { renews: true })).toMatchObject({ kind: "stored" });
    expect(bench.count("transform")).toBe(1);
  });
});
