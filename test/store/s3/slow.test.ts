import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { Answer } from "../../support/s3/script.ts";
import { breakingOff, dribbling, stalling, stayingSilent } from "../../support/s3/script.ts";
import type { Scripted } from "../../support/s3/scripted-store.ts";
import { catchFailure, OBJECT, script } from "../../support/s3/scripted-store.ts";

/** Longer than a test may take. */
const NEVER_MS = 120_000;
const TIMED_OUT = { name: "MediaError", code: "timeout" };

describe.concurrent("a store that is too slow", () => {
  it.each<[what: string, answer: Answer]>([
    ["says nothing", stayingSilent],
    ["stalls in the body", stalling],
    ["dribbles", dribbling],
  ])("ends within its time when it %s", async (_, answer) => {
    const { get } = await script([answer], 400, NEVER_MS);
    const call = catchFailure(get());
    expect(await Promise.race([call, sleep(350, "waiting")])).toBe("waiting");
    expect(await call).toMatchObject(TIMED_OUT);
  });

  it.each<[name: string, call: (scripted: Scripted) => Promise<unknown>]>([
    ["head", ({ store }) => store.head("key")],
    ["put", ({ put }) => put()],
    ["conditional put", ({ put }) => put({ condition: { etag: '"e"' } })],
    ["delete", ({ store }) => store.delete(["key"])],
    ["list", ({ store }) => store.list({ prefix: "" })],
    ["probe", ({ store }) => store.probe()],
  ])("ends a %s too", async (_, call) => {
    const failure = catchFailure(call(await script([stayingSilent], 300, NEVER_MS)));
    expect(await failure).toMatchObject(TIMED_OUT);
  });

  it("is not asked again, which would give it twice the work", async () => {
    const scripts = await Promise.all([
      script([stayingSilent, OBJECT], 1000, 400),
      script([stalling, OBJECT], 1000, 400),
    ]);
    for (const { get, server } of scripts) {
      expect(await catchFailure(get())).toMatchObject(TIMED_OUT);
      expect(server.requests).toHaveLength(1);
    }
  });

  it("counts its retries in the time of the call", async () => {
    const { get, server } = await script([breakingOff, stayingSilent], 800, NEVER_MS);
    expect(await catchFailure(get())).toMatchObject(TIMED_OUT);
    expect(server.requests).toHaveLength(2);
  });

  it.each<[what: string, answer: Answer]>([
    ["an answer", stayingSilent],
    ["a body", stalling],
  ])("is left at once when the caller, who waits for %s, goes away", async (_, answer) => {
    const { store, server } = await script([answer], NEVER_MS, NEVER_MS);
    const caller = new AbortController();
    const failure = catchFailure(store.get("key", { maxBytes: 100, signal: caller.signal }));
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), 20_000);
    await sleep(100); // the body of an answer has begun by then
    caller.abort();
    expect(await failure).toMatchObject(TIMED_OUT);
    expect(server.requests).toHaveLength(1);
  });

  it("is not asked at all by a caller who has gone", async () => {
    const { store, server } = await script([OBJECT]);
    const signal = AbortSignal.abort();
    await expect(store.get("key", { maxBytes: 100, signal })).rejects.toMatchObject(TIMED_OUT);
    await expect(store.head("key", signal)).rejects.toMatchObject(TIMED_OUT);
    expect(server.requests).toHaveLength(0);
  });
});
