import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { TransformJob } from "../../../src/image/pipeline/pipeline.ts";
import type { ImageWorker } from "../../../src/image/worker.ts";
import { WorkerDied } from "../../../src/image/worker.ts";
import { drawQuadrants } from "../../support/images.ts";
import { startInlineWorker } from "../../../src/image/pool/inline.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { killChildren, startPool } from "../../support/image/child-pool.ts";
import {
  becomeBusy,
  finishAll,
  givenTo,
  jobsOf,
  never,
  runAll,
  setUp,
  settle,
} from "../../support/image/fake-workers.ts";

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();

function startInline(): Promise<ImageWorker> {
  return startInlineWorker(DEFAULT_IMAGE_LIMITS);
}

describe("createPool with jobs of one original", () => {
  it("gives them to one worker, one after the other, and says what follows", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const other = jobsOf(Buffer.from(png), [7]);
    const jobs = runAll(pool, [...jobsOf(png, [10, 20]), ...other, ...jobsOf(png, [30])]);
    await finishAll(workers, 4);
    await Promise.all(jobs);
    expect(givenTo(workers[0])).toEqual([
      [10, "decode"],
      [20, "decode"],
      [30, "nothing"],
      [7, "nothing"],
    ]);
  });

  it("keeps sizes of a JPEG apart that are not decoded alike", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const jobs = runAll(pool, jobsOf(jpeg, [320, 400, 640, 480, 1280, 1920, 960]));
    await finishAll(workers, 7);
    await Promise.all(jobs);
    expect(givenTo(workers[0])).toEqual([
      [320, "decode"],
      [400, "original"],
      [640, "decode"],
      [480, "original"],
      [1280, "decode"],
      [960, "original"],
      [1920, "nothing"],
    ]);
  });

  it("lets others have their turn after eight of them", async () => {
    const { pool, workers } = setUp({ queueLimit: 99 });
    await pool.start();
    const other = jobsOf(Buffer.from(png), [7]);
    const many = jobsOf(
      png,
      Array.from({ length: 12 }, () => 2),
    );
    const jobs = runAll(pool, [...jobsOf(png, [1]), ...other, ...many]);
    await finishAll(workers, 14);
    await Promise.all(jobs);
    expect(givenTo(workers[0]).findIndex(([width]) => width === 7)).toBe(8);
  });

  it("fails none of them for another", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const caller = new AbortController();
    const [one, two, three, four] = jobsOf(png, [1, 2, 3, 4]);
    if (!one || !two || !three || !four) throw new Error("there are four");
    const broken = expect(pool.run(one, never)).rejects.toThrow("broken");
    const aborted = expect(pool.run(two, { signal: caller.signal })).rejects.toThrow("gone");
    const others = runAll(pool, [three, four]);
    await settle();
    caller.abort(new Error("gone"));
    workers[0]?.fail(new MediaError("unusable_original", "broken"));
    await broken;
    await aborted;
    await finishAll(workers, 2);
    expect(await Promise.all(others)).toHaveLength(2);
    expect(givenTo(workers[0]).map(([width]) => width)).toEqual([1, 3, 4]);
  });

  it("retries the one whose worker died, by itself, and leaves the others in the queue", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3]));
    await settle();
    workers[0]?.wearOut();
    workers[0]?.fail(new WorkerDied("killed"));
    for (let turn = 0; turn < 3; turn += 1) {
      await becomeBusy(pool);
      if (turn === 0) expect(pool.stats().queued).toBe(1);
      workers[1]?.finish();
      await new Promise((resolve) => {
        setTimeout(resolve, 60);
      });
    }
    await Promise.all(jobs);
    expect(givenTo(workers[1])).toEqual([
      [2, "decode"],
      [3, "nothing"],
      [1, "nothing"],
    ]);
  });

  it("has a worker forget what it kept for a job that has left", async () => {
    const { pool, workers } = setUp({ queueLimit: 9 });
    await pool.start();
    const caller = new AbortController();
    const [one, two] = jobsOf(png, [1, 2]);
    if (!one || !two) throw new Error("there are two");
    const first = pool.run(one, never);
    const second = expect(pool.run(two, { signal: caller.signal })).rejects.toThrow("gone");
    await settle();
    caller.abort(new Error("gone"));
    await second;
    expect(workers[0]?.releases).toBe(0);
    workers[0]?.finish();
    await first;
    expect(workers[0]?.releases).toBe(1);
  });

  it("does without descriptions, animations, trimmed images and profiles", async () => {
    const rows: [Uint8Array, Omit<TransformJob, "bytes">][] = [
      [png, { spec: {}, format: "json" }],
      [png, { spec: { animated: true }, format: "gif" }],
      [png, { spec: { trim: 3 }, format: "png" }],
      [png, { spec: { keepIcc: true }, format: "png" }],
    ];
    for (const [bytes, rest] of rows) {
      const { pool, workers } = setUp();
      await pool.start();
      const jobs = runAll(
        pool,
        [1, 2].map(() => ({ bytes, ...rest })),
      );
      await finishAll(workers, 2);
      await Promise.all(jobs);
      expect(workers[0]?.given.map(({ options }) => options.next)).toEqual(["original", "nothing"]);
    }
  });

  it("makes all of them, in a child and without one, though the child be killed", async () => {
    for (const options of [{}, { startWorker: startInline }]) {
      const pool = await startPool(options);
      for (const bytes of [png, jpeg]) {
        const widths = [320, 300, 200, 100, 640, 480];
        const jobs = runAll(pool, jobsOf(bytes, widths));
        void jobs[2]?.then(() => killChildren());
        expect(await Promise.all(jobs)).toMatchObject(widths.map((width) => ({ width })));
      }
      expect(pool.stats()).toMatchObject({ busy: 0, queued: 0 });
    }
  });
});
