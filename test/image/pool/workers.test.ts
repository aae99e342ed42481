import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { ImageWorker } from "../../../src/image/worker.ts";
import { WorkerDied } from "../../../src/image/worker.ts";
import {
  createFakeWorker,
  JOB,
  never,
  setUp,
  settle,
  becomeBusy,
} from "../../support/image/fake-workers.ts";

describe("Pool", () => {
  it("replaces a worker that is worn out, after its job", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.wearOut();
    workers[0]?.finish(5);
    expect(await job).toMatchObject({ width: 5 });
    await settle();
    expect(workers).toHaveLength(2);
    expect(workers[0]?.stops).toBe(1);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
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
    expect(await job).toMatchObject({ width: 4 });
    expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("gives the job of a worker that died to another one", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    await settle();
    workers[0]?.wearOut();
    workers[0]?.fail(new WorkerDied("killed"));
    await becomeBusy(pool);
    workers[1]?.finish(6);
    expect(await job).toMatchObject({ width: 6 });
  });

  it("blames the original for the second worker that dies of it", async () => {
    const { pool, workers } = setUp();
    const job = pool.run(JOB, never);
    const outcome = expect(job).rejects.toMatchObject({
      code: "unusable_original",
      message: "the image cannot be made within the memory that one may have",
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
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("says at the start when a worker cannot be started", async () => {
    const { pool } = setUp({ startWorker: () => Promise.reject(new Error("no memory")) });
    await expect(pool.start()).rejects.toThrow("no memory");
  });

  it("tries again for those who wait when a worker cannot be started, and says so", async () => {
    const onStartFailure = vi.fn<(error: unknown) => void>();
    const startWorker = vi
      .fn<() => Promise<ImageWorker>>()
      .mockRejectedValueOnce(new Error("no memory"))
      .mockImplementation(() => {
        const worker = createFakeWorker();
        setTimeout(() => worker.finish(9), 20);
        return Promise.resolve(worker);
      });
    const { pool } = setUp({ startWorker, onStartFailure });
    expect(await pool.run(JOB, never)).toMatchObject({ width: 9 });
    expect(startWorker).toHaveBeenCalledTimes(2);
    expect(onStartFailure).toHaveBeenCalledWith(expect.objectContaining({ message: "no memory" }));
  });

  it("tells those who have waited too long for a worker to come again", async () => {
    const startWorker = vi
      .fn<() => Promise<ImageWorker>>()
      .mockRejectedValue(new Error("no memory"));
    const { pool } = setUp({ startWorker, queueWaitMs: 300 });
    await expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("blames nobody's image when its workers are killed from outside", async () => {
    const { pool, workers } = setUp();
    await pool.start();
    const refused = expect(pool.run(JOB, never)).rejects.toMatchObject({ code: "overloaded" });
    for (const turn of [0, 1]) {
      await becomeBusy(pool);
      workers[turn]?.wearOut();
      workers[turn]?.fail(new WorkerDied("killed", { isKilled: true }));
    }
    await refused;
  });

  it("makes a job all the same when many workers were killed before they began it", async () => {
    const { pool, workers } = setUp({ size: 3 });
    await pool.start();
    const deaths = workers.map((worker) =>
      vi.spyOn(worker, "begin").mockImplementation((_, onMessage) => {
        worker.wearOut();
        const error = new WorkerDied("killed", { isKilled: true });
        queueMicrotask(() => onMessage({ kind: "died", error }));
      }),
    );
    const job = pool.run(JOB, never);
    await vi.waitFor(() => expect(workers.some(({ given }) => given.length > 0)).toBe(true));
    for (const worker of workers) worker.finish(8);
    expect(await job).toMatchObject({ width: 8 });
    for (const begin of deaths) expect(begin).toHaveBeenCalledOnce();
  });

  it("stops its workers, refuses those who wait, and stops workers that start too late", async () => {
    const late = createFakeWorker();
    const { pool, workers } = setUp({ size: 2 });
    await pool.start();
    const running = [pool.run(JOB, never), pool.run(JOB, never)];
    await settle();
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
