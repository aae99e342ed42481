import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";
import { startInlineWorker } from "../../src/image/inline-worker.ts";
import type { TransformJob, TransformResult } from "../../src/image/pipeline.ts";
import type { Pool, PoolOptions } from "../../src/image/pool.ts";
import { createPool } from "../../src/image/pool.ts";
import type { Worker } from "../../src/image/worker.ts";
import { WorkerDied } from "../../src/image/worker.ts";
import { drawQuadrants } from "../support/images.ts";

const JOB: TransformJob = { bytes: new Uint8Array(), spec: {}, format: "png" };
const never = new AbortController().signal;

interface FakeWorker extends Worker {
  finish(result?: number): void;
  fail(error: unknown): void;
  wearOut(): void;
  readonly stops: number;
}

/** A worker whose jobs end when the test says so, by a result that is `width` pixels wide. */
function createFakeWorker(): FakeWorker {
  let end: { resolve(result: TransformResult): void; reject(error: unknown): void } | undefined;
  let isFit = true;
  let stops = 0;
  return {
    engine: "test",
    run: (_, signal) =>
      new Promise((resolve, reject) => {
        end = { resolve, reject };
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    isFit: () => isFit,
    stop: () => {
      stops += 1;
      isFit = false;
    },
    finish: (width = 1) => end?.resolve({ bytes: new Uint8Array(), width, height: 1 }),
    fail: (error) => end?.reject(error),
    wearOut: () => {
      isFit = false;
    },
    get stops() {
      return stops;
    },
  };
}

function setUp(options: Partial<PoolOptions> = {}): { pool: Pool; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const pool = createPool({
    size: 1,
    queueLimit: 2,
    queueWaitMs: 5000,
    deadlineMs: 5000,
    startWorker: async () => {
      const worker = createFakeWorker();
      workers.push(worker);
      return Promise.resolve(worker);
    },
    ...options,
  });
  return { pool, workers };
}

/** Lets everything that can happen without the passing of time happen. */
function settle(): Promise<void> {
  return sleep(1);
}

/** A job whose worker has died is not begun anew at once. */
async function becomeBusy(pool: Pool): Promise<void> {
  await settle();
  await vi.waitFor(() => expect(pool.stats().busy).toBe(1));
}

describe("createPool", () => {
  it("starts all workers, once", async () => {
    const { pool, workers } = setUp({ size: 3 });
    expect(pool.stats()).toEqual({ workers: 0, busy: 0, queued: 0 });
    await pool.start();
    await pool.start();
    expect(workers).toHaveLength(3);
    expect(pool.stats()).toEqual({ workers: 3, busy: 0, queued: 0 });
  });

  it("starts what workers it needs by itself", async () => {
    const { pool, workers } = setUp({ size: 2 });
    const jobs = [pool.run(JOB, never), pool.run(JOB, never)];
    await settle();
    expect(pool.stats()).toEqual({ workers: 2, busy: 2, queued: 0 });
    workers[0]?.finish(10);
    workers[1]?.finish(20);
    expect((await Promise.all(jobs)).map(({ width }) => width)).toEqual([10, 20]);
    expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0 });
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
      expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 2 - index });
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
    const start = performance.now();
    await expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
    expect(performance.now() - start).toBeLessThan(50);
    expect(pool.stats().queued).toBe(2);
  });

  it("refuses what has waited too long, and lets the job that runs go on", async () => {
    const { pool, workers } = setUp({ queueWaitMs: 30 });
    await pool.start();
    const running = pool.run(JOB, never);
    await expect(pool.run(JOB, never)).rejects.toMatchObject({
      code: "overloaded",
      message: "no picture could be begun within 30 ms, try again later",
    });
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 0 });
    workers[0]?.finish(7);
    expect((await running).width).toBe(7);
  });

  it("lets an aborted job leave the queue, and never runs it", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const first = pool.run(JOB, never);
    const caller = new AbortController();
    const second = pool.run(JOB, caller.signal);
    const third = pool.run(JOB, never);
    await settle();
    caller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 1 });
    workers[0]?.finish(1);
    await first;
    await settle();
    workers[0]?.finish(3);
    expect((await third).width).toBe(3);
  });

  it("does not begin a job that is aborted already", async () => {
    const { pool } = setUp();
    await pool.start();
    await expect(pool.run(JOB, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("ends a job that takes too long, and only that", async () => {
    const { pool, workers } = setUp({ deadlineMs: 30 });
    await expect(pool.run(JOB, never)).rejects.toMatchObject({
      code: "timeout",
      message: "the transform took longer than 30 ms",
    });
    const next = pool.run(JOB, never);
    await settle();
    workers[0]?.finish(2);
    expect((await next).width).toBe(2);
  });

  it("calls the deadline off when a job is done", async () => {
    const signals: AbortSignal[] = [];
    const { pool } = setUp({
      deadlineMs: 30,
      startWorker: () =>
        Promise.resolve({
          ...createFakeWorker(),
          run: (_, signal) => {
            signals.push(signal);
            return Promise.resolve({ bytes: new Uint8Array(), width: 1, height: 1 });
          },
        }),
    });
    await pool.run(JOB, never);
    await sleep(60);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("hands on what a job throws, and keeps its worker", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.fail(new MediaError("unusable_original", "broken"));
    await expect(job).rejects.toThrow("broken");
    expect(workers).toHaveLength(1);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("replaces a worker that is worn out, after its job", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.wearOut();
    workers[0]?.finish(5);
    expect((await job).width).toBe(5);
    await settle();
    expect(workers).toHaveLength(2);
    expect(workers[0]?.stops).toBe(1);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("replaces a worker that died while it had nothing to do", async () => {
    const { pool, workers } = setUp({ size: 2 });
    await pool.start();
    for (const worker of workers) worker.wearOut();
    expect(pool.stats().workers).toBe(0);
    const job = pool.run(JOB, never);
    await settle();
    expect(workers).toHaveLength(4);
    for (const worker of workers) worker.finish(4);
    expect((await job).width).toBe(4);
    expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0 });
  });

  it("gives the job of a worker that died to another one", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.wearOut();
    workers[0]?.fail(new WorkerDied("killed"));
    await becomeBusy(pool);
    workers[1]?.finish(6);
    expect((await job).width).toBe(6);
  });

  it("blames the original for the second worker that dies of it", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    const outcome = expect(job).rejects.toMatchObject({
      code: "unusable_original",
      message: "the picture cannot be made within the memory that one may have",
      cause: { message: "killed again" },
    });
    await settle();
    workers[0]?.wearOut();
    workers[0]?.fail(new WorkerDied("killed"));
    await becomeBusy(pool);
    workers[1]?.wearOut();
    workers[1]?.fail(new WorkerDied("killed again"));
    await outcome;
    await settle();
    expect(workers).toHaveLength(3);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("says at the start when a worker cannot be started", async () => {
    const { pool } = setUp({ startWorker: () => Promise.reject(new Error("no memory")) });
    await expect(pool.start()).rejects.toThrow("no memory");
  });

  it("tries again for those who wait when a worker cannot be started, and says so", async () => {
    const onStartFailure = vi.fn<(error: unknown) => void>();
    const startWorker = vi
      .fn<() => Promise<Worker>>()
      .mockRejectedValueOnce(new Error("no memory"))
      .mockImplementation(() => {
        const worker = createFakeWorker();
        setTimeout(() => worker.finish(9), 20);
        return Promise.resolve(worker);
      });
    const { pool } = setUp({ startWorker, onStartFailure });
    expect((await pool.run(JOB, never)).width).toBe(9);
    expect(startWorker).toHaveBeenCalledTimes(2);
    expect(onStartFailure).toHaveBeenCalledWith(expect.objectContaining({ message: "no memory" }));
  });

  it("tells those who have waited too long for a worker to come again", async () => {
    const startWorker = vi.fn<() => Promise<Worker>>().mockRejectedValue(new Error("no memory"));
    const { pool } = setUp({ startWorker, queueWaitMs: 300 });
    await expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("blames nobody's picture when its workers are killed from outside", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const refused = expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
    for (const turn of [0, 1]) {
      await vi.waitFor(() => expect(workers).toHaveLength(turn + 1));
      await settle();
      workers[turn]?.wearOut();
      workers[turn]?.fail(new WorkerDied("killed", { isKilled: true }));
    }
    await refused;
  });

  it("stops its workers, refuses those who wait, and stops workers that start too late", async () => {
    const late = createFakeWorker();
    const { pool, workers } = setUp({ size: 2 });
    await pool.start();
    const running = [pool.run(JOB, never), pool.run(JOB, never)];
    const waiting = pool.run(JOB, never);
    const refused = expect(waiting).rejects.toMatchObject({ code: "overloaded" });
    pool.stop();
    await refused;
    expect(workers.map(({ stops }) => stops)).toEqual([1, 1]);
    for (const worker of workers) worker.finish();
    await Promise.all(running);
    await settle();
    expect(workers).toHaveLength(2);

    const slow = setUp({ startWorker: () => sleep(20, late) });
    const starting = slow.pool.start();
    slow.pool.stop();
    await starting;
    expect(late.stops).toBe(1);
  });
});

function startInline(): Promise<Worker> {
  return startInlineWorker(DEFAULT_IMAGE_LIMITS);
}

describe("startInlineWorker", () => {
  const original: Promise<Buffer> = drawQuadrants(40, 20).png().toBuffer();

  it("makes variants in a pool", async () => {
    const { pool } = setUp({ startWorker: startInline });
    await pool.start();
    const job: TransformJob = { bytes: await original, spec: { width: 20 }, format: "webp" };
    const results = await Promise.all([1, 2, 3].map(() => pool.run(job, never)));
    expect(results.map(({ width, height }) => [width, height])).toEqual([
      [20, 10],
      [20, 10],
      [20, 10],
    ]);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("throws what a transform throws, and goes on", async () => {
    const worker = await startInline();
    await expect(worker.run(JOB, never)).rejects.toMatchObject({ code: "unsupported_original" });
    const job: TransformJob = { bytes: await original, spec: {}, format: "png" };
    expect(await worker.run(job, never)).toMatchObject({ width: 40, height: 20 });
    expect(worker.isFit()).toBe(true);
  });

  it("answers in time for a job that takes too long", async () => {
    const bytes = await drawQuadrants(2500, 2500).png().toBuffer();
    const { pool } = setUp({ startWorker: startInline, deadlineMs: 20 });
    await pool.start();
    const start = performance.now();
    const job = pool.run({ bytes, spec: {}, format: "avif" }, never);
    await expect(job).rejects.toMatchObject({ code: "timeout" });
    expect(performance.now() - start).toBeLessThan(300);
  });
});
