import { describe, expect, it } from "vitest";
import type { Demand } from "../../src/async/shared-work.ts";
import { SharedWork } from "../../src/async/shared-work.ts";
import { createDeferred } from "../support/deferred.ts";

interface Gate {
  readonly open: (value: string) => void;
  readonly demand: Promise<Demand>;
  readonly start: (demand: Demand) => Promise<string>;
}

function createGate(): Gate {
  const result = createDeferred<string>();
  const shown = createDeferred<Demand>();
  const start = (given: Demand): Promise<string> => {
    shown.resolve(given);
    return result.promise;
  };
  return { open: result.resolve, demand: shown.promise, start };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

describe("SharedWork", () => {
  it("abandons a job when all who waited have gone, and no sooner", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => jobs.join("a", gate.start, { signal }));
    const { abandoned } = await gate.demand;
    first.abort(new Error("gone"));
    await expect(waits[0]).rejects.toThrow("gone");
    expect(abandoned.aborted).toBe(false);
    second.abort(new Error("gone too"));
    await expect(waits[1]).rejects.toThrow("gone too");
    expect(abandoned.aborted).toBe(true);
    expect(jobs.isWanted("a")).toBe(false);
  });

  it("gives what was abandoned and done all the same to whoever comes meanwhile", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const client = new AbortController();
    const gone = jobs.join("a", gate.start, { signal: client.signal });
    await gate.demand;
    client.abort(new Error("gone"));
    await expect(gone).rejects.toThrow("gone");
    const late = [1, 2].map(() => jobs.join("a", async () => "anew"));
    gate.open("done");
    expect(await Promise.all(late)).toEqual(["done", "done"]);
    expect(jobs.has("a")).toBe(false);
  });

  it("begins anew, once, when what was abandoned comes to nothing", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const dropped = (demand: Demand): Promise<string> =>
      Promise.race([gate.start(demand), untilAborted(demand.abandoned)]);
    const client = new AbortController();
    const gone = jobs.join("a", dropped, { signal: client.signal });
    await gate.demand;
    client.abort(new Error("gone"));
    let begun = 0;
    const again = async (): Promise<string> => {
      begun += 1;
      return "anew";
    };
    expect(await Promise.all([jobs.join("a", again), jobs.join("a", again)])).toEqual([
      "anew",
      "anew",
    ]);
    expect(begun).toBe(1);
    await expect(gone).rejects.toThrow("gone");
  });

  it("never abandons what is wanted without a wait", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const background = jobs.join("a", gate.start, { isBackground: true });
    const visitor = new AbortController();
    const { abandoned, isAwaited } = await gate.demand;
    expect(isAwaited()).toBe(false);
    const wait = jobs.join("a", gate.start, { signal: visitor.signal });
    expect(isAwaited()).toBe(true);
    visitor.abort(new Error("gone"));
    await expect(wait).rejects.toThrow("gone");
    expect(isAwaited()).toBe(false);
    expect(abandoned.aborted).toBe(false);
    gate.open("done");
    expect(await background).toBe("done");
    expect(jobs.has("a")).toBe(false);
  });

  it("tells a job when somebody comes to wait for it", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const background = jobs.join("a", gate.start, { isBackground: true });
    let calls = 0;
    (await gate.demand).onAwaited(() => {
      calls += 1;
    });
    const others = [{ isBackground: true }, {}, {}].map((interest) =>
      jobs.join("a", gate.start, interest),
    );
    expect(calls).toBe(1);
    gate.open("done");
    expect(await Promise.all([background, ...others])).toEqual(Array(4).fill("done"));
  });

  it("counts nobody who had gone before", async () => {
    const jobs = new SharedWork<string>();
    const gate = createGate();
    const gone = jobs.join("a", gate.start, { signal: AbortSignal.abort(new Error("gone")) });
    await expect(gone).rejects.toThrow("gone");
    expect((await gate.demand).abandoned.aborted).toBe(true);
  });
});
