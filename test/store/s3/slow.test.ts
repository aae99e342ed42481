import { describe, expect, it } from "vitest";
import type { Answer } from "../../support/s3-script.ts";
import {
  breakingOff,
  dribbling,
  giveStatus,
  stalling,
  stayingSilent,
} from "../../support/s3-script.ts";
import type { Scripted } from "../../support/s3-scripted-store.ts";
import { OBJECT, script, timeFailure } from "../../support/s3-scripted-store.ts";

/** An upload that takes longer than the shortest attempt. */
const storingSlowly: Answer = (response, request) => {
  setTimeout(() => giveStatus(200, { etag: '"new"' })(response, request), 2800);
};

const TIMED_OUT = { name: "MediaError", code: "timeout" };

describe.concurrent("a store that is too slow", () => {
  it.each<[what: string, answer: Answer]>([
    ["says nothing", stayingSilent],
    ["stalls in the body", stalling],
    ["dribbles", dribbling],
  ])("ends within its time when it %s", async (_, answer) => {
    const { get } = await script([answer], 1000);
    const { ms, error } = await timeFailure(get());
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1500);
  });

  it.each<[name: string, call: (scripted: Scripted) => Promise<unknown>]>([
    ["head", ({ store }) => store.head("key")],
    ["put", ({ put }) => put()],
    ["conditional put", ({ put }) => put({ condition: { etag: '"e"' } })],
    ["delete", ({ store }) => store.delete(["key"])],
    ["list", ({ store }) => store.list({ prefix: "" })],
    ["probe", ({ store }) => store.probe()],
  ])("ends a %s too", async (_, call) => {
    const { ms, error } = await timeFailure(call(await script([stayingSilent], 300)));
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(800);
  });

  it("is not asked again, which would give it twice the work", async () => {
    const scripts = await Promise.all([
      script([stayingSilent, OBJECT], 1000, 400),
      script([stalling, OBJECT], 1000, 400),
    ]);
    for (const { get, server } of scripts) {
      expect((await timeFailure(get())).error).toMatchObject(TIMED_OUT);
      expect(server.requests).toHaveLength(1);
    }
  });

  it("may be slower where more time is given", async () => {
    const { put, server } = await script([storingSlowly], 8000, 8000);
    expect(await put()).toEqual({ kind: "stored", etag: '"new"' });
    expect(server.requests).toHaveLength(1);
  });

  it("is a time-out also by the client's own clock", async () => {
    const [silent, stalled] = await Promise.all([
      script([stayingSilent], 20_000),
      script([stalling], 20_000),
    ]);
    const failures = await Promise.all([timeFailure(silent.get()), timeFailure(stalled.get())]);
    for (const { ms, error } of failures) {
      expect(error).toMatchObject(TIMED_OUT);
      expect(ms).toBeLessThan(6500);
    }
  });

  it("counts its retries in the time of the call", async () => {
    const { get } = await script([breakingOff, stayingSilent], 800);
    const { ms, error } = await timeFailure(get());
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(1300);
  });

  it.each<[what: string, answer: Answer]>([
    ["an answer", stayingSilent],
    ["a body", stalling],
  ])("is left at once when the caller, who waits for %s, goes away", async (_, answer) => {
    const { store, server } = await script([answer], 5000);
    const signal = AbortSignal.timeout(200);
    const { ms, error } = await timeFailure(store.get("key", { maxBytes: 100, signal }));
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(700);
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
