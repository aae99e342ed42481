import { describe, expect, it } from "vitest";
import type { WarmEntry } from "../../../src/media/warm/request.ts";
import { parseWarmRequests } from "../../../src/media/warm/request.ts";
import { madeOf } from "../../support/media/variants.ts";
import {
  collect,
  createWarmBench,
  each,
  namesOf,
  NEVER,
  warmAll,
} from "../../support/media/warm.ts";

async function* sayNothing(): AsyncGenerator<WarmEntry> {
  await new Promise(() => undefined);
  yield* [];
}

async function* breakOff(): AsyncGenerator<WarmEntry> {
  yield* parseWarmRequests('{"key":"a.jpg","transforms":["w_1"]}');
  throw new Error("cut");
}

describe("the pace of createWarm", () => {
  it("works on few originals at a time, over all who want some", async () => {
    let most = 0;
    const atWork = new Set<string>();
    const bench = createWarmBench({
      transform: async ({ bytes }) => {
        const name = new TextDecoder().decode(bytes);
        atWork.add(name);
        most = Math.max(most, atWork.size);
        await new Promise((resolve) => {
          setTimeout(resolve, 2);
        });
        atWork.delete(name);
        return madeOf(bytes);
      },
    });
    const keys = Array.from({ length: 12 }, (_, n) => `${n}.jpg`);
    for (const key of keys) await bench.putOriginal(key, key);
    const [first, second] = await Promise.all([
      warmAll(bench, { keys: keys.slice(0, 6), transforms: ["w_1"] }),
      warmAll(bench, { keys: keys.slice(6), transforms: ["w_1"] }),
    ]);
    expect(namesOf([...first, ...second])).toHaveLength(12);
    expect(most).toBe(2);
  });

  it("is slowed down by whoever takes the results slowly", async () => {
    const bench = createWarmBench();
    let read = 0;
    const endless = async function* (): AsyncGenerator<WarmEntry> {
      for (;;) {
        read += 1;
        yield* parseWarmRequests(`{"key":"${read}.jpg","transforms":["w_1"]}`);
      }
    };
    const results = bench.warm(endless(), NEVER);
    for (let taken = 1; taken <= 5; taken += 1) await results.next();
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    expect(read).toBeLessThan(5 + 2 * 2 + 2);
    await results.return(undefined);
  });

  it("ends when whoever wanted it has gone, and begins nothing more", async () => {
    const bench = createWarmBench();
    const keys = Array.from({ length: 50 }, (_, n) => `${n}.jpg`);
    for (const key of keys) await bench.putOriginal(key, key);
    const gone = new AbortController();
    const orders = parseWarmRequests(JSON.stringify({ keys, transforms: ["w_1"] }));
    let taken = 0;
    for await (const _ of bench.warm(each(orders), gone.signal)) {
      taken += 1;
      if (taken === 3) gone.abort();
    }
    await bench.drain();
    expect(taken).toBe(3);
    expect(bench.count("transform")).toBeLessThan(8);
    // it is as if nothing had happened for whoever goes on
    const rest = await warmAll(bench, { keys, transforms: ["w_1"] });
    expect(rest).toHaveLength(50);
    // jobs that had begun may have been dropped
    expect(bench.count("transform")).toBeLessThan(50 + 4);
  });

  it("listens to whoever wanted it but once, however many variants there are", async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", note);
    const bench = createWarmBench();
    await bench.putOriginal("cat.jpg", "cat");
    const transforms = Array.from({ length: 40 }, (_, n) => `w_${n + 1}`);
    expect(await warmAll(bench, { keys: ["cat.jpg"], transforms })).toHaveLength(40);
    await new Promise(setImmediate);
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("ends although a line is awaited that never comes", async () => {
    const bench = createWarmBench();
    const gone = new AbortController();
    const ended = collect(bench.warm(sayNothing(), gone.signal));
    gone.abort();
    expect(await ended).toEqual([]);
  });

  it("fails when the list cannot be read any further", async () => {
    const bench = createWarmBench();
    await expect(collect(bench.warm(breakOff(), NEVER))).rejects.toThrow("cut");
  });
});
