import { describe, expect, it } from "vitest";
import type { BucketEvent } from "../../src/events/purge-changed.ts";
import { createEventHandler } from "../../src/events/purge-changed.ts";
import { toCacheTag } from "../../src/url/cache-tag.ts";
import { depsOf, fill } from "../support/media/purge-bench.ts";
import { createBench, findText } from "../support/media/variants.ts";

function eventOf(kind: BucketEvent["kind"], key: string, bucket = "media"): BucketEvent {
  return { kind, key, bucket };
}

describe("createEventHandler", () => {
  it("purges each original once, and says what it leaves alone", async () => {
    const bench = createBench();
    const warmed: string[] = [];
    const handle = createEventHandler({
      ...depsOf(bench),
      background: bench.background,
      bucket: "media",
      warm: async (key) => void warmed.push(key),
    });
    await fill(bench.store, ["variants/1/a.jpg/w_3.jpg", "variants/1/b.jpg/w_3.jpg"]);
    const receipt = await handle([
      eventOf("created", "a.jpg"),
      eventOf("created", "a.jpg"),
      eventOf("deleted", "b.jpg"),
      eventOf("created", "a.jpg", "other"),
      eventOf("created", "variants/1/a.jpg/w_3.jpg"),
      eventOf("created", "folder/"),
      { kind: "other", reason: "a test" },
    ]);
    await bench.drain();
    expect(receipt.purged.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: "a.jpg", variants: 1, cacheTag: toCacheTag("a.jpg") },
      { key: "b.jpg", variants: 1, cacheTag: toCacheTag("b.jpg") },
    ]);
    expect(receipt.ignored.map(({ key }) => key)).toEqual([
      "a.jpg",
      "variants/1/a.jpg/w_3.jpg",
      "folder/",
      undefined,
    ]);
    expect(receipt.ignored[1]?.reason).toBe('the key is under "variants/"');
    expect(warmed).toEqual(["a.jpg"]);
  });

  it.each(["created", "deleted"] as const)(
    "loses nothing for good to a %s that comes late, and twice",
    async (kind) => {
      const bench = createBench();
      const handle = createEventHandler({
        ...depsOf(bench),
        background: bench.background,
        bucket: undefined,
      });
      await bench.putOriginal("cat.jpg", "dog");
      expect(await findText(bench)).toBe("dogdog");
      await bench.drain();
      for (const _ of [1, 2]) await handle([{ kind, bucket: "media", key: "cat.jpg" }]);
      expect(await findText(bench)).toBe("dogdog");
      await bench.drain();
      expect(await findText(bench)).toBe("stored");
    },
  );

  it("rejects when the store fails, once it has tried them all", async () => {
    const bench = createBench();
    const tried: string[] = [];
    const broken = {
      ...bench.store,
      list: ({ prefix }: { prefix: string }) => {
        tried.push(prefix);
        return Promise.reject(new Error("down"));
      },
    };
    const handle = createEventHandler({
      ...depsOf(bench),
      variants: broken,
      background: bench.background,
      bucket: undefined,
    });
    const keys = Array.from({ length: 20 }, (_, n) => `${n}.jpg`);
    const events = keys.map((key) => ({ kind: "created", bucket: "media", key }) as const);
    await expect(handle(events)).rejects.toThrow("down");
    expect(tried).toHaveLength(20);
  });
});
