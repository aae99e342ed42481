import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import {
  JOB,
  never,
  passTime,
  setUp,
  settle,
  stopClock,
} from "../../support/image/fake-workers.ts";

describe("Pool", () => {
  it("starts all workers, once", async () => {
    const { pool, workers } = setUp({ size: 3 });
    expect(pool.stats()).toEqual({ workers: 0, busy: 0, queued: 0, queuedBackground: 0 });
    await pool.start();
    await pool.start();
    expect(workers).toHaveLength(3);
    expect(pool.stats()).toEqual({ workers: 3, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("starts what workers it needs by itself", async () => {
    const { pool, workers } = setUp({ size: 2 });
    const jobs = [pool.run(JOB, never), pool.run(JOB, never)];
    await settle();
    expect(pool.stats()).toEqual({ workers: 2, busy: 2, queued: 0, queuedBackground: 0 });
    workers[0]?.finish(10);
    workers[1]?.finish(20);
    expect(await Promise.all(jobs)).toMatchObject([{ width: 10 }, { width: 20 }]);
    expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("gives waiting jobs their turn in order, one for each worker at a time", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const done: string[] = [];
    const jobs = ["a", "b", "c"].map(async (name) => {
      await pool.run(JOB, never);
      done.push(name);
    });
    for (const [index, name] of ["a", "b", "c"].entries()) {
      await settle();
      expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 2 - index, queuedBackground: 0 });
      workers[0]?.finish();
      await settle();
      expect(done.at(-1)).toBe(name);
    }
    await Promise.all(jobs);
    expect(workers).toHaveLength(1);
  });

  it("refuses at once what would wait behind a full queue", async () => {
    const { pool } = setUp();
    await pool.start();
    for (let index = 0; index < 3; index += 1) pool.run(JOB, never).catch(() => {});
    await settle();
    expect(pool.stats().queued).toBe(2);
    const refused = expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
    expect(pool.stats().queued).toBe(2);
    await refused;
  });

  it("refuses what has waited too long, and lets the job that runs go on", async () => {
    stopClock();
    const { pool, workers } = setUp({ queueWaitMs: 30 });
    await pool.start();
    const running = pool.run(JOB, never);
    const refused = expect(pool.run(JOB, never)).rejects.toMatchObject({
      code: "overloaded",
      message: "no image could be begun within 30 ms, try again later",
    });
    await passTime(30);
    await refused;
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 0, queuedBackground: 0 });
    workers[0]?.finish(7);
    expect(await running).toMatchObject({ width: 7 });
  });

  it("lets an aborted job leave the queue, and never runs it", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const first = pool.run(JOB, never);
    const caller = new AbortController();
    const second = pool.run(JOB, { signal: caller.signal });
    const third = pool.run(JOB, never);
    await settle();
    caller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 1, queuedBackground: 0 });
    workers[0]?.finish(1);
    await first;
    await settle();
    workers[0]?.finish(3);
    expect(await third).toMatchObject({ width: 3 });
  });

  it("does not begin a job that is aborted already", async () => {
    const { pool } = setUp();
    await pool.start();
    await expect(pool.run(JOB, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow(
      "gone",
    );
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("ends a job that takes too long, and only that", async () => {
    stopClock();
    const { pool, workers } = setUp({ deadlineMs: 30 });
    const late = expect(pool.run(JOB, never)).rejects.toMatchObject({
      code: "timeout",
      message: "the transform took longer than 30 ms (TRANSFORM_TIMEOUT_MS)",
    });
    await passTime(30);
    await late;
    const next = pool.run(JOB, never);
    await settle();
    workers[1]?.finish(2);
    expect(await next).toMatchObject({ width: 2 });
  });

  it("calls the deadline off when a job is done", async () => {
    stopClock();
    const { pool, workers } = setUp({ deadlineMs: 30 });
    const job = pool.run(JOB, never);
    await passTime(29);
    workers[0]?.finish();
    await job;
    await passTime(60);
    expect(workers[0]?.stops).toBe(0);
  });

  it("hands on what a job throws, and keeps its worker", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.fail(new MediaError("unusable_original", "broken"));
    await expect(job).rejects.toThrow("broken");
    expect(workers).toHaveLength(1);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
  });
});
