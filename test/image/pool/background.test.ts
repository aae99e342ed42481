import { describe, expect, it } from "vitest";
import {
  JOB,
  never,
  passTime,
  setUp,
  settle,
  stopClock,
} from "../../support/image/fake-workers.ts";

const behind = { ...never, isAwaited: () => false } as const;

describe("Pool with background jobs", () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
  ])("runs of %i workers at most %i for them", async (size, share) => {
    stopClock();
    const { pool, workers } = setUp({ size });
    await pool.start();
    const visitor = pool.run(JOB, never);
    await settle();
    for (const worker of workers) worker.finish();
    await visitor;
    const jobs = [1, 2, 3, 4, 5].map(() => pool.run(JOB, behind));
    for (let left = jobs.length; left > 0; left -= share) {
      await settle();
      const busy = Math.min(share, left);
      expect(pool.stats()).toMatchObject({ busy, queued: 0, queuedBackground: left - busy });
      for (const worker of workers) worker.finish();
    }
    await Promise.all(jobs);
  });

  it("runs of all workers while no visitors are about, but for what takes long", async () => {
    const { pool, workers } = setUp({ size: 4 });
    await pool.start();
    const heavy = { ...JOB, format: "avif" } as const;
    const slow = [1, 2, 3].map(() => pool.run(heavy, behind));
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 2, queuedBackground: 1 });
    const quick = [1, 2, 3].map(() => pool.run(JOB, behind));
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 4, queuedBackground: 2 });
    for (let turn = 0; turn < 3; turn += 1) {
      for (const worker of workers) worker.finish();
      await settle();
    }
    await Promise.all([...slow, ...quick]);
  });

  it("lets those go first that somebody waits for by now", async () => {
    const { pool, workers } = setUp({});
    await pool.start();
    const running = pool.run(JOB, never);
    await settle();
    let isAwaited = false;
    const order: string[] = [];
    const first = pool.run(JOB, behind).then(() => order.push("first"));
    const second = pool
      .run(JOB, { ...never, isAwaited: () => isAwaited })
      .then(() => order.push("second"));
    isAwaited = true;
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      workers[0]?.finish();
    }
    await Promise.all([running, first, second]);
    expect(order).toEqual(["second", "first"]);
  });

  it("keeps who comes to wait for one no longer waiting than others", async () => {
    stopClock();
    const { pool, workers } = setUp({ queueWaitMs: 30 });
    await pool.start();
    const running = pool.run(JOB, never);
    await settle();
    const left = pool.run(JOB, behind);
    let isAwaited = false;
    const listeners: (() => void)[] = [];
    const promoted = pool.run(JOB, {
      ...never,
      isAwaited: () => isAwaited,
      onAwaited: (listener) => void listeners.push(listener),
    });
    const outcome = promoted.catch((error: unknown) => error);
    await passTime(60);
    expect(pool.stats()).toMatchObject({ queued: 0, queuedBackground: 2 });
    isAwaited = true;
    for (const listener of listeners) listener();
    await passTime(30);
    expect(await outcome).toMatchObject({ code: "overloaded" });
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 0, queuedBackground: 1 });
    workers[0]?.finish();
    await running;
    await settle();
    workers[0]?.finish();
    await left;
  });

  it("lets one go on waiting that somebody came for and left again", async () => {
    stopClock();
    const { pool, workers } = setUp({ queueWaitMs: 30 });
    await pool.start();
    const running = pool.run(JOB, never);
    await settle();
    let isAwaited = false;
    const listeners: (() => void)[] = [];
    const job = pool.run(JOB, {
      ...never,
      isAwaited: () => isAwaited,
      onAwaited: (listener) => void listeners.push(listener),
    });
    isAwaited = true;
    for (const listener of listeners) listener();
    await passTime(29);
    expect(pool.stats()).toMatchObject({ queued: 1, queuedBackground: 0 });
    isAwaited = false;
    await passTime(1);
    expect(pool.stats()).toMatchObject({ queued: 0, queuedBackground: 1 });
    workers[0]?.finish();
    await running;
    await settle();
    workers[0]?.finish();
    await job;
  });

  it("begins at once what somebody comes to wait for, when a worker is idle", async () => {
    const { pool, workers } = setUp({ size: 2 });
    await pool.start();
    const heavy = { ...JOB, format: "avif" } as const;
    const running = pool.run(heavy, behind);
    await settle();
    let isAwaited = false;
    const listeners: (() => void)[] = [];
    const waiting = pool.run(heavy, {
      ...never,
      isAwaited: () => isAwaited,
      onAwaited: (listener) => void listeners.push(listener),
    });
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 1, queuedBackground: 1 });
    isAwaited = true;
    for (const listener of listeners) listener();
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 2, queuedBackground: 0 });
    for (const worker of workers) worker.finish();
    await Promise.all([running, waiting]);
  });

  it("lets every visitor go first", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const order: string[] = [];
    const note = (name: string): (() => void) => {
      return () => void order.push(name);
    };
    const jobs = [
      pool.run(JOB, behind).then(note("background 1")),
      pool.run(JOB, behind).then(note("background 2")),
    ];
    await settle();
    jobs.push(pool.run(JOB, never).then(note("visitor 1")));
    jobs.push(pool.run(JOB, never).then(note("visitor 2")));
    for (let turn = 0; turn < 4; turn += 1) {
      await settle();
      workers[0]?.finish();
    }
    await Promise.all(jobs);
    expect(order).toEqual(["background 1", "visitor 1", "visitor 2", "background 2"]);
  });

  it("does not tell them to come again, but for very many", async () => {
    stopClock();
    const { pool, workers } = setUp({ queueLimit: 1, queueWaitMs: 20 });
    await pool.start();
    const running = pool.run(JOB, behind);
    await settle();
    const waiting = Array.from({ length: 10 }, () => pool.run(JOB, behind));
    await passTime(40);
    expect(pool.stats()).toMatchObject({ queued: 0, queuedBackground: 10 });
    const refused = expect(Promise.all([...Array(2)].map(() => pool.run(JOB, behind)))).rejects;
    await refused.toMatchObject({ code: "overloaded" });
    // and none of them is in a visitor's way
    const visitor = pool.run(JOB, never);
    workers[0]?.finish();
    await running;
    await settle();
    workers[0]?.finish(9);
    expect(await visitor).toMatchObject({ width: 9 });
    const stopped = expect(Promise.all(waiting)).rejects.toMatchObject({ code: "overloaded" });
    pool.stop();
    await stopped;
  });

  it("gives them three times as long", async () => {
    stopClock();
    const { pool, workers } = setUp({ deadlineMs: 40 });
    const message = "the transform took longer than 120 ms (TRANSFORM_TIMEOUT_MS)";
    const late = expect(pool.run(JOB, behind)).rejects.toMatchObject({ code: "timeout", message });
    await passTime(119);
    expect(workers[0]?.stops).toBe(0);
    await passTime(1);
    await late;
    expect(workers[0]?.given).toHaveLength(1);
  });
});

describe("Pool with a job that is abandoned", () => {
  it("lets it leave the queue at once, and never begins it", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const first = pool.run(JOB, never);
    await settle();
    const nobody = new AbortController();
    const second = pool.run(JOB, { ...never, abandoned: nobody.signal });
    expect(pool.stats().queued).toBe(1);
    nobody.abort(new Error("all have gone"));
    await expect(second).rejects.toThrow("all have gone");
    expect(pool.stats().queued).toBe(0);
    workers[0]?.finish();
    await first;
    await settle();
    expect(workers[0]?.given).toHaveLength(1);
    await expect(pool.run(JOB, { ...never, abandoned: nobody.signal })).rejects.toThrow("gone");
  });

  it("finishes it when it has begun", async () => {
    const { pool, workers } = setUp();
    const nobody = new AbortController();
    const job = pool.run(JOB, { ...never, abandoned: nobody.signal });
    await settle();
    nobody.abort(new Error("all have gone"));
    await settle();
    workers[0]?.finish(5);
    expect(await job).toMatchObject({ width: 5 });
  });

  it("gives up what has not begun when it is told to, and nobody waits for it", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const running = pool.run(JOB, behind);
    await settle();
    const waiting = expect(pool.run(JOB, behind)).rejects.toThrow("stopping");
    const visitor = pool.run(JOB, never);
    pool.rejectBackground();
    await waiting;
    await expect(pool.run(JOB, behind)).rejects.toThrow("stopping");
    for (let turn = 0; turn < 2; turn += 1) {
      workers[0]?.finish();
      await settle();
    }
    await Promise.all([running, visitor]);
  });
});
