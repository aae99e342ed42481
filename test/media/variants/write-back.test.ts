import { describe, expect, it } from "vitest";
import { describeVariant } from "../../../src/media/variant.ts";
import type { MadeVariant } from "../../../src/media/variant.ts";
import { WriteBack } from "../../../src/media/variants/write-back.ts";
import { RECIPE } from "../../../src/media/recipe.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectStore, PutOptions } from "../../../src/store/store.ts";
import { requestOf } from "../../support/media/variants.ts";

const REQUEST = await requestOf("/w_300/cat.jpg");
const STORED_AS = { cacheControl: "max-age=1", versionedCacheControl: "max-age=2" };

async function variantOf(
  text: string,
  source: string,
  recipe: number = RECIPE,
): Promise<MadeVariant> {
  const bytes = new TextEncoder().encode(text);
  const info = { ...(await describeVariant({ bytes }, source)), recipe };
  return { bytes, dimensions: "1x1", info };
}

interface Bench {
  readonly store: ObjectStore;
  readonly writeBack: WriteBack;
  /** The ETag that the original has by now. */
  replaceOriginal(): Promise<string>;
  text(): Promise<string>;
}

async function createBench(store: ObjectStore = createMemoryStore()): Promise<Bench> {
  const originals = createMemoryStore();
  return {
    store,
    writeBack: new WriteBack({ originals, variants: store, headers: STORED_AS }),
    replaceOriginal: async () => {
      await originals.put("cat.jpg", new Uint8Array(1), { contentType: "image/png" });
      return (await originals.head("cat.jpg"))?.etag ?? "";
    },
    text: async () => {
      const found = await store.get(REQUEST.variantKey, { maxBytes: 100 });
      return found.kind === "found" ? new TextDecoder().decode(found.bytes) : found.kind;
    },
  };
}

/** A store that knows no conditions. */
function withoutConditions(): ObjectStore {
  const store = createMemoryStore();
  return {
    ...store,
    put: async (key: string, bytes: Uint8Array, options: PutOptions) =>
      options.condition
        ? { kind: "condition_unsupported" as const }
        : store.put(key, bytes, options),
  };
}

describe("WriteBack", () => {
  it("lets the first of two equal variants stand", async () => {
    const { writeBack, replaceOriginal, text } = await createBench();
    const etag = await replaceOriginal();
    const [ours, theirs] = [await variantOf("ours", etag), await variantOf("theirs", etag)];
    expect(await writeBack.write(REQUEST, theirs, undefined)).toEqual(theirs.info);
    expect(await writeBack.write(REQUEST, ours, undefined)).toEqual(theirs.info);
    expect(await text()).toBe("theirs");
  });

  it("replaces the stale variant that it was told of", async () => {
    const { writeBack, store, replaceOriginal, text } = await createBench();
    await writeBack.write(REQUEST, await variantOf("old", await replaceOriginal()), undefined);
    const stale = await store.head(REQUEST.variantKey);
    const fresh = await variantOf("new", await replaceOriginal());
    expect(await writeBack.write(REQUEST, fresh, stale?.etag)).toEqual(fresh.info);
    expect(await text()).toBe("new");
  });

  it("insists against an older variant that has come between", async () => {
    const { writeBack, replaceOriginal, text } = await createBench();
    await writeBack.write(REQUEST, await variantOf("old", await replaceOriginal()), undefined);
    const fresh = await variantOf("new", await replaceOriginal());
    expect(await writeBack.write(REQUEST, fresh, undefined)).toEqual(fresh.info);
    expect(await text()).toBe("new");
  });

  it("yields to a newer variant that has come between", async () => {
    const { writeBack, replaceOriginal, text } = await createBench();
    const old = await variantOf("old", await replaceOriginal());
    await writeBack.write(REQUEST, await variantOf("new", await replaceOriginal()), undefined);
    expect(await writeBack.write(REQUEST, old, undefined)).toBeUndefined();
    expect(await text()).toBe("new");
  });

  it.each([
    ["with", createMemoryStore],
    ["without", withoutConditions],
  ])("keeps the newer of two recipes in a store %s conditions", async (_, create) => {
    const { writeBack, store, replaceOriginal, text } = await createBench(create());
    const etag = await replaceOriginal();
    const [old, now, future] = await Promise.all(
      [RECIPE - 1, RECIPE, RECIPE + 1].map((recipe) => variantOf(`${recipe}`, etag, recipe)),
    );
    if (!old || !now || !future) throw new Error("there are three");
    expect(await writeBack.write(REQUEST, old, undefined)).toEqual(old.info);
    // an instance of another recipe had found nothing, either
    expect(await writeBack.write(REQUEST, now, undefined)).toEqual(now.info);
    expect(await text()).toBe(`${RECIPE}`);
    await writeBack.write(REQUEST, future, (await store.head(REQUEST.variantKey))?.etag);
    expect(await writeBack.write(REQUEST, now, undefined)).toEqual(future.info);
    expect(await text()).toBe(`${RECIPE + 1}`);
    // the original counts before the recipe
    const newer = await variantOf("newer", await replaceOriginal(), RECIPE - 1);
    expect(await writeBack.write(REQUEST, newer, undefined)).toEqual(newer.info);
    expect(await text()).toBe("newer");
  });

  it("writes plainly to a store without conditions, if the original is still the same", async () => {
    const { writeBack, replaceOriginal, text } = await createBench(withoutConditions());
    const first = await variantOf("first", await replaceOriginal());
    expect(await writeBack.write(REQUEST, first, undefined)).toEqual(first.info);
    const second = await variantOf("second", await replaceOriginal());
    expect(await writeBack.write(REQUEST, first, undefined)).toBeUndefined();
    expect(await text()).toBe("first");
    expect(await writeBack.write(REQUEST, second, undefined)).toEqual(second.info);
    expect(await text()).toBe("second");
  });
});
