import { describe, expect, it } from "vitest";
import { FileLocator } from "../../../src/media/originals/locate.ts";
import type { LocateResult } from "../../../src/store/store.ts";

const signal = new AbortController().signal;

interface Bench {
  readonly locator: FileLocator;
  calls(): number;
  advance(ms: number): void;
}

/** On a store that has every key but `gone`, at a path that tells how often it was asked. */
function createBench(): Bench {
  let calls = 0;
  let time = 1; // 0 is no time for an LRU
  const locate = async (key: string): Promise<LocateResult> => {
    calls += 1;
    if (key === "gone") return { kind: "missing", isDefinite: true };
    const file = { path: `/${key}/${calls}`, size: 3, modified: "1", inode: "1" };
    return { kind: "located", info: { etag: '"e"', size: 3 }, file, start: new Uint8Array(3) };
  };
  const deps = { locate, maxBytes: 10, observe: () => undefined, now: () => time };
  return {
    locator: new FileLocator(deps),
    calls: () => calls,
    advance: (ms) => {
      time += ms;
    },
  };
}

describe("FileLocator", () => {
  it("gives the same object to all who want the same one at about the same time", async () => {
    const { locator, calls, advance } = createBench();
    const known = { etag: '"e"', size: 3, metadata: {} };
    const both = await Promise.all([
      locator.locate("a", { known, signal }),
      locator.locate("a", { known, signal }),
    ]);
    expect(both[1]).toBe(both[0]);
    expect(await locator.locate("a", { known, signal })).toBe(both[0]);
    expect(calls()).toBe(1);
    await locator.locate("a", { known: { ...known, etag: '"other"' }, signal });
    expect(calls()).toBe(2);
    advance(10_001);
    await locator.locate("a", { known, signal });
    expect(calls()).toBe(3);
  });

  it("finds the present version, for callers that want that version", async () => {
    const { locator, calls, advance } = createBench();
    expect(locator.has("a")).toBe(false);
    const version = await locator.locateCurrent("a", signal);
    expect(version).toEqual({ etag: '"e"', size: 3 });
    expect(locator.has("a")).toBe(true);
    await locator.locate("a", { known: version, signal });
    expect(calls()).toBe(1);
    await Promise.all([locator.locateCurrent("a", signal), locator.locateCurrent("a", signal)]);
    expect(calls()).toBe(2);
    advance(10_001);
    expect(locator.has("a")).toBe(false);
    expect(await locator.locateCurrent("gone", signal)).toBeUndefined();
    expect(locator.has("gone")).toBe(false);
  });

  it("forgets one original, and no other", async () => {
    const { locator, calls } = createBench();
    for (const key of ["a", "ab"]) await locator.locate(key, { signal });
    locator.forget("a");
    for (const key of ["a", "ab"]) await locator.locate(key, { signal });
    expect(calls()).toBe(3);
  });

  it("does not remember that there was none", async () => {
    const { locator, calls } = createBench();
    for (let time = 0; time < 2; time += 1) {
      expect(await locator.locate("gone", { signal })).toMatchObject({ kind: "missing" });
    }
    expect(calls()).toBe(2);
  });

  it("looks for none that is known to be too large", async () => {
    const { locator, calls } = createBench();
    const known = { etag: '"e"', size: 11, metadata: {} };
    await expect(locator.locate("a", { known, signal })).rejects.toMatchObject({
      code: "too_large",
    });
    expect(calls()).toBe(0);
  });
});
