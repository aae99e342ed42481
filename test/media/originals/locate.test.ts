import { describe, expect, it } from "vitest";
import { createFileLocator } from "../../../src/media/originals/locate.ts";
import type { FileLocator } from "../../../src/media/originals/locate.ts";
import type { LocateResult } from "../../../src/store/store.ts";

const signal = new AbortController().signal;

interface Bench {
  readonly located: FileLocator;
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
    located: createFileLocator(deps),
    calls: () => calls,
    advance: (ms) => {
      time += ms;
    },
  };
}

describe("createLocated", () => {
  it("gives the same object to all who want the same one at about the same time", async () => {
    const { located, calls, advance } = createBench();
    const known = { etag: '"e"', size: 3, metadata: {} };
    const both = await Promise.all([
      located.locate("a", { known, signal }),
      located.locate("a", { known, signal }),
    ]);
    expect(both[1]).toBe(both[0]);
    expect(await located.locate("a", { known, signal })).toBe(both[0]);
    expect(calls()).toBe(1);
    await located.locate("a", { known: { ...known, etag: '"other"' }, signal });
    expect(calls()).toBe(2);
    advance(10_001);
    await located.locate("a", { known, signal });
    expect(calls()).toBe(3);
  });

  it("finds one as it is now, for whoever wants that version", async () => {
    const { located, calls, advance } = createBench();
    expect(located.has("a")).toBe(false);
    const version = await located.locateCurrent("a", signal);
    expect(version).toEqual({ etag: '"e"', size: 3 });
    expect(located.has("a")).toBe(true);
    await located.locate("a", { known: version, signal });
    expect(calls()).toBe(1);
    await Promise.all([located.locateCurrent("a", signal), located.locateCurrent("a", signal)]);
    expect(calls()).toBe(2);
    advance(10_001);
    expect(located.has("a")).toBe(false);
    expect(await located.locateCurrent("gone", signal)).toBeUndefined();
    expect(located.has("gone")).toBe(false);
  });

  it("forgets one original, and no other", async () => {
    const { located, calls } = createBench();
    for (const key of ["a", "ab"]) await located.locate(key, { signal });
    located.forget("a");
    for (const key of ["a", "ab"]) await located.locate(key, { signal });
    expect(calls()).toBe(3);
  });

  it("does not remember that there was none", async () => {
    const { located, calls } = createBench();
    for (let time = 0; time < 2; time += 1) {
      expect(await located.locate("gone", { signal })).toMatchObject({ kind: "missing" });
    }
    expect(calls()).toBe(2);
  });

  it("looks for none that is known to be too large", async () => {
    const { located, calls } = createBench();
    const known = { etag: '"e"', size: 11, metadata: {} };
    await expect(located.locate("a", { known, signal })).rejects.toMatchObject({
      code: "too_large",
    });
    expect(calls()).toBe(0);
  });
});
