import { describe, expect, it } from "vitest";
import { nameSource } from "../../../src/media/variant.ts";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectInfo, ObjectStore } from "../../../src/store/store.ts";
import type { BenchOptions } from "../../support/media/variants.ts";
import { createBench, findText, madeOf, requestOf } from "../../support/media/variants.ts";

/** The variant of an original is the gravity that it was made with. */
const WRITE_GRAVITY: MissDeps["transform"] = async ({ spec }) =>
  madeOf(new TextEncoder().encode(JSON.stringify(spec.gravity ?? "center")));

/** A store of originals that keeps their ETags when a focal point is set, as S3 does when it copies. */
function createFocalStore(): ObjectStore & { focal: string | undefined } {
  const store = createMemoryStore();
  const focus = (info: ObjectInfo): ObjectInfo => ({
    ...info,
    metadata: focal.focal === undefined ? {} : { focal: focal.focal },
  });
  const focal = {
    ...store,
    focal: undefined as string | undefined,
    head: async (key: string) => {
      const info = await store.head(key);
      return info && focus(info);
    },
    get: async (...args: Parameters<ObjectStore["get"]>) => {
      const result = await store.get(...args);
      return result.kind === "found" ? { ...result, info: focus(result.info) } : result;
    },
  };
  return focal;
}

async function createFocalBench(options: BenchOptions = {}) {
  const originals = createFocalStore();
  const bench = createBench({ transform: WRITE_GRAVITY, originals, ...options });
  await bench.putOriginal("cat.jpg", "cat");
  return { bench, originals };
}

const CROP = "/w_300,h_200/cat.jpg";

describe("a focal point in the metadata of an original", () => {
  it("decides where a variant is cropped, without another call of the store", async () => {
    const { bench, originals } = await createFocalBench();
    originals.focal = "0.3x0.7";
    expect(await findText(bench, CROP)).toBe('{"x":0.3,"y":0.7}');
    expect(await findText(bench, "/w_300,h_200,g_auto/cat.jpg")).toBe('{"x":0.3,"y":0.7}');
    expect(await findText(bench, "/w_300,h_200,g_north/cat.jpg")).toBe('"north"');
    expect(bench.count("originals.head")).toBe(3);
    expect(bench.count("originals.get")).toBe(3);
  });

  it.each(["check", "immutable"] as const)("is read where freshness is %s", async (mode) => {
    const { bench, originals } = await createFocalBench({ freshness: { mode, ttlMs: 1000 } });
    originals.focal = "0.3x0.7";
    expect(await findText(bench, CROP)).toBe('{"x":0.3,"y":0.7}');
  });

  it("makes cropped variants stale when it changes, and no others, though the ETag stays", async () => {
    // the bytes stay at hand, with the metadata that they were read with
    const { bench, originals } = await createFocalBench({ cacheBytes: 1000 });
    expect(await findText(bench, CROP)).toBe('"center"');
    expect(await findText(bench, "/w_300/cat.jpg")).toBe('"center"');
    await bench.drain();
    originals.focal = "0.3x0.7";
    bench.advance(2001);
    expect(await findText(bench, CROP)).toBe('{"x":0.3,"y":0.7}');
    expect(await findText(bench, "/w_300/cat.jpg")).toBe("stored");
    await bench.drain();
    originals.focal = undefined;
    bench.advance(2001);
    expect(await findText(bench, CROP)).toBe('"center"');
    expect(bench.count("originals.get")).toBe(1);
  });

  it("is part of the version of the original", async () => {
    const request = await requestOf(CROP);
    const name = (metadata: Record<string, string>) =>
      nameSource({ etag: '"01"', metadata }, request);
    expect(name({})).toBe('"01"');
    expect(name({ focal: "0.3x0.7" })).toBe('"01" 0.3x0.7');
    expect(name({ focal: "nowhere" })).toBe('"01"');
  });
});
