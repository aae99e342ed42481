import { describe, expect, it, vi } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { startInlineWorker } from "../../../src/image/pool/inline.ts";
import type { ImageJob } from "../../../src/image/worker.ts";
import { WorkerDied } from "../../../src/image/worker.ts";
import { startPool } from "../../support/image/child-pool.ts";
import {
  becomeBusy,
  finishAll,
  jobsOf,
  listWidths,
  nameOriginal,
  never,
  passTime,
  runAll,
  setUp,
  settle,
  stopClock,
} from "../../support/image/fake-workers.ts";
import { alpha, make, photo } from "../../support/image/shared-images.ts";
import { drawQuadrants } from "../../support/images.ts";

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();
const behind = { ...never, isAwaited: () => false } as const;

async function startOne(
  options: Parameters<typeof setUp>[0] = {},
): Promise<ReturnType<typeof setUp>> {
  const one = setUp({ queueLimit: 99, ...options });
  await one.pool.start();
  return one;
}

describe("Pool with jobs of one original", () => {
  it("gives them to one worker as a batch, with the original once", async () => {
    const { pool, workers } = await startOne();
    const other = jobsOf(Buffer.from(png), [7]);
    const jobs = runAll(pool, [...jobsOf(png, [10, 20]), ...other, ...jobsOf(png, [30])]);
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 3 });
    await finishAll(workers, 4);
    await Promise.all(jobs);
    expect(listWidths(workers[0])).toEqual([10, 20, 30, 7]);
    expect(workers[0]?.batches.map(({ bytes }) => bytes === png)).toEqual([true, false]);
  });

  it("shares nothing between jobs that do not name their original", async () => {
    const { pool, workers } = await startOne();
    const jobs = runAll(
      pool,
      jobsOf(png, [1, 2]).map((job) => ({ ...job, originalId: undefined })),
    );
    await finishAll(workers, 2);
    await Promise.all(jobs);
    expect(workers[0]?.batches).toHaveLength(2);
  });

  it("lets originals take turns, each with eight", async () => {
    const { pool, workers } = await startOne();
    const many = Array.from({ length: 20 }, (_, index) => index + 1);
    const others = [jobsOf(Buffer.from(png), [51, 52]), jobsOf(Buffer.from(png), [61])];
    const jobs = runAll(pool, [...jobsOf(png, many), ...others.flat()]);
    await finishAll(workers, 23);
    await Promise.all(jobs);
    expect(listWidths(workers[0])).toEqual([...many.slice(0, 8), 51, 52, 61, ...many.slice(8)]);
  });

  it("lets late comers join a batch, up to eight of them while others wait", async () => {
    const { pool, workers } = await startOne();
    const first = runAll(pool, jobsOf(png, [1]));
    await settle();
    const late = runAll(pool, jobsOf(png, [2, 3]));
    await settle();
    const other = runAll(pool, jobsOf(Buffer.from(png), [7]));
    const later = runAll(
      pool,
      jobsOf(
        png,
        Array.from({ length: 10 }, (_, index) => 10 + index),
      ),
    );
    await finishAll(workers, 14);
    await Promise.all([...first, ...late, ...other, ...later]);
    expect(listWidths(workers[0]).indexOf(7)).toBe(8);
    expect(workers[0]?.batches).toHaveLength(3);
  });

  it("lets any number join while nobody else waits, and no more than eight at a time", async () => {
    const { pool, workers } = await startOne();
    const widths = Array.from({ length: 12 }, (_, index) => index + 1);
    const jobs = runAll(pool, jobsOf(png, widths));
    for (const left of [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) {
      await settle();
      expect(workers[0]?.size).toBe(Math.min(left, 8));
      workers[0]?.finish();
    }
    await Promise.all(jobs);
    expect(listWidths(workers[0])).toEqual(widths);
    expect(workers[0]?.batches).toHaveLength(1);
  });

  it("does not let late comers wait for what takes long", async () => {
    const { pool, workers } = await startOne();
    const slow = runAll(pool, jobsOf(png, [1], "avif"));
    await settle();
    const quick = runAll(pool, jobsOf(png, [2]));
    await finishAll(workers, 2);
    await Promise.all([...slow, ...quick]);
    expect(workers[0]?.batches).toHaveLength(2);
  });

  it("drops a job from a batch that nobody wants any more", async () => {
    const { pool, workers } = await startOne();
    const callers = [new AbortController(), new AbortController()];
    const [one, two, three, four] = jobsOf(png, [1, 2, 3, 4]);
    if (!one || !two || !three || !four) throw new Error("there are four");
    const first = pool.run(one, never);
    const left = [
      pool.run(two, { signal: callers[0]?.signal ?? never.signal }),
      pool.run(three, { ...never, abandoned: callers[1]?.signal ?? never.signal }),
    ].map((job) => expect(job).rejects.toThrow("gone"));
    const last = pool.run(four, never);
    await settle();
    for (const caller of callers) caller.abort(new Error("gone"));
    await Promise.all(left);
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 1 });
    await finishAll(workers, 2);
    await Promise.all([first, last]);
    expect(listWidths(workers[0])).toEqual([1, 4]);
    expect(workers[0]?.stops).toBe(0);
  });

  it("refuses a job of a batch that has waited too long, and makes the others", async () => {
    stopClock();
    const { pool, workers } = await startOne({ queueWaitMs: 30 });
    const jobs = runAll(pool, jobsOf(png, [1, 2]));
    const refused = expect(jobs[1]).rejects.toMatchObject({ code: "overloaded" });
    await passTime(30);
    await refused;
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 0 });
    workers[0]?.finish(5);
    expect(await jobs[0]).toMatchObject({ width: 5 });
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 0 });
    expect(listWidths(workers[0])).toEqual([1]);
  });

  it("ends a worker whose job is aborted, and has the others made by another one", async () => {
    const { pool, workers } = await startOne();
    const caller = new AbortController();
    const [one, two, three] = jobsOf(png, [1, 2, 3]);
    if (!one || !two || !three) throw new Error("there are three");
    const aborted = expect(pool.run(one, { signal: caller.signal })).rejects.toThrow("gone");
    const others = runAll(pool, [two, three]);
    await settle();
    caller.abort(new Error("gone"));
    await aborted;
    await settle();
    expect(workers.map(({ stops }) => stops > 0)).toEqual([true, false]);
    await finishAll(workers.slice(1), 2);
    expect(await Promise.all(others)).toHaveLength(2);
    expect(listWidths(workers[1])).toEqual([2, 3]);
  });

  it("gives each job of a batch the whole deadline", async () => {
    stopClock();
    const { pool, workers } = await startOne({ deadlineMs: 100 });
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3, 4]));
    const late = expect(jobs[3]).rejects.toMatchObject({ code: "timeout" });
    for (let turn = 0; turn < 3; turn += 1) {
      await passTime(99);
      workers[0]?.finish();
    }
    expect(await Promise.all(jobs.slice(0, 3))).toHaveLength(3);
    await passTime(100);
    await late;
    expect(workers[0]?.stops).toBeGreaterThan(0);
  });

  it("ends the job that takes too long, and has the others made by another worker", async () => {
    stopClock();
    const { pool, workers } = await startOne({ deadlineMs: 40 });
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3]));
    const late = expect(jobs[0]).rejects.toMatchObject({ code: "timeout" });
    await passTime(40);
    await late;
    expect(listWidths(workers[1])).toEqual([2]);
    await finishAll(workers.slice(1), 2);
    await Promise.all(jobs.slice(1));
  });

  it("fails none of them for another", async () => {
    const { pool, workers } = await startOne();
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3]));
    const broken = expect(jobs[0]).rejects.toThrow("broken");
    await settle();
    workers[0]?.fail(new MediaError("unusable_original", "broken"));
    await broken;
    await finishAll(workers, 2);
    expect(await Promise.all(jobs.slice(1))).toHaveLength(2);
  });

  it("retries the one whose worker died, by itself, and returns the others to the queue", async () => {
    const { pool, workers } = await startOne();
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3]));
    await settle();
    workers[0]?.wearOut();
    workers[0]?.fail(new WorkerDied("killed"));
    await becomeBusy(pool);
    await finishAll(workers.slice(1), 2);
    await Promise.all(jobs.slice(1));
    await becomeBusy(pool);
    workers[1]?.finish();
    await jobs[0];
    expect(workers[1]?.batches.map(({ outputs }) => outputs.map(({ spec }) => spec.width))).toEqual(
      [[2, 3], [1]],
    );
  });

  it("blames a job only for workers that died while they made it", async () => {
    const { pool, workers } = await startOne();
    const jobs = runAll(pool, jobsOf(png, [1, 2]));
    const refused = expect(jobs[0]).rejects.toMatchObject({ code: "unusable_original" });
    for (const [turn, width] of [1, 2, 1].entries()) {
      await becomeBusy(pool);
      await vi.waitFor(() => expect(listWidths(workers.at(-1))).toEqual([width]), 20_000);
      const worker = workers[turn === 0 ? 0 : workers.length - 1];
      if (width === 2) {
        worker?.finish(2);
        await vi.waitFor(() => expect(listWidths(worker)).toEqual([2, 1]), 20_000);
        worker?.fail(new WorkerDied("died of it"));
        break;
      }
      worker?.wearOut();
      worker?.fail(new WorkerDied("died of it"));
    }
    await refused;
    expect(await jobs[1]).toMatchObject({ width: 2 });
  });

  it("makes them in a child, and without one, as they would be made alone", async () => {
    for (const options of [{}, { startWorker: () => startInlineWorker(DEFAULT_IMAGE_LIMITS) }]) {
      const pool = await startPool(options);
      for (const bytes of [photo, alpha]) {
        const jobs = [84, 63].flatMap((width) =>
          (["jpg", "webp", "png"] as const).flatMap((format) => jobsOf(bytes, [width], format)),
        );
        const results = await Promise.all(jobs.map((job) => pool.run(job, never)));
        for (const [index, job] of jobs.entries()) {
          const made = results[index];
          if (made?.kind !== "made") throw new Error(made?.kind);
          expect(Buffer.from(made.bytes).equals(await make(job))).toBe(true);
        }
      }
    }
  });

  it("makes all of them, in a child and without one", async () => {
    for (const options of [{}, { startWorker: () => startInlineWorker(DEFAULT_IMAGE_LIMITS) }]) {
      const pool = await startPool(options);
      for (const bytes of [png, jpeg]) {
        const widths = [320, 300, 200, 100, 640, 480];
        const jobs = runAll(pool, jobsOf(bytes, widths));
        expect(await Promise.all(jobs)).toMatchObject(widths.map((width) => ({ width })));
      }
      expect(pool.stats()).toMatchObject({ busy: 0, queued: 0 });
    }
  });
});

describe("Pool with visitors and background jobs of one original", () => {
  const [one, two, three, four] = jobsOf(png, [1, 2, 3, 4]) as [
    ImageJob,
    ImageJob,
    ImageJob,
    ImageJob,
  ];

  it("makes those of its visitors first", async () => {
    const { pool, workers } = await startOne();
    const running = runAll(pool, jobsOf(jpeg, [9]));
    await settle();
    const background = [one, two].map((job) => pool.run(job, behind));
    const visitors = runAll(pool, [three, four]);
    await finishAll(workers, 5);
    await Promise.all([...running, ...background, ...visitors]);
    expect(listWidths(workers[0])).toEqual([9, 3, 4, 1, 2]);
  });

  it("takes a batch from background jobs when a visitor comes, after the one that runs", async () => {
    const { pool, workers } = await startOne();
    const background = [one, two, three].map((job) => pool.run(job, behind));
    await settle();
    const visitors = runAll(pool, jobsOf(jpeg, [9]));
    await settle();
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 1, queuedBackground: 2 });
    await finishAll(workers, 4);
    await Promise.all([...background, ...visitors]);
    expect(listWidths(workers[0])).toEqual([1, 9, 2, 3]);
  });

  it("takes a job from a batch of background jobs that somebody waits for by now", async () => {
    const { pool, workers } = await startOne();
    let isAwaited = false;
    const listeners: (() => void)[] = [];
    const jobs = [one, two].map((job) => pool.run(job, behind));
    jobs.push(
      pool.run(three, {
        ...never,
        isAwaited: () => isAwaited,
        onAwaited: (listener) => void listeners.push(listener),
      }),
    );
    await settle();
    isAwaited = true;
    for (const listener of listeners) listener();
    await finishAll(workers, 3);
    await Promise.all(jobs);
    expect(listWidths(workers[0])).toEqual([1, 3, 2]);
    expect(workers[0]?.batches[0]?.bytes).toBe(png);
    expect(nameOriginal(png)).toBe(one.originalId);
  });
});
