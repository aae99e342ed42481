import { describe, expect, it } from "vitest";
import type { TransformJob } from "../../../src/image/pipeline/pipeline.ts";
import { drawQuadrants } from "../../support/images.ts";
import {
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

function webpsOf(widths: readonly number[]): TransformJob[] {
  return jobsOf(jpeg, widths).map((job) => ({ ...job, format: "webp" }));
}

/** The width that the second of two workers takes when it has done something else, and the first has begun with these. */
async function chooseLater(jobs: readonly TransformJob[]): Promise<number | undefined> {
  const { pool, workers } = setUp({ size: 2, queueLimit: 99 });
  await pool.start();
  const other = runAll(pool, jobsOf(Buffer.from(png), [6]));
  await settle();
  const results = runAll(pool, jobs);
  await settle();
  const second = workers.find(({ given }) => given[0]?.job.spec.width === 6);
  second?.finish();
  await settle();
  const [, [width] = []] = givenTo(second);
  await finishAll(workers, jobs.length);
  await Promise.all([...other, ...results]);
  return width;
}

describe("createPool with jobs of one original, and idle workers", () => {
  it("splits them over idle workers", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const slow = jobsOf(png, [1, 2, 3, 4, 5, 6]).map((job) => ({
      ...job,
      format: "avif" as const,
    }));
    const jobs = runAll(pool, slow);
    await finishAll(workers, 3);
    await Promise.all(jobs);
    expect(workers.map(({ given }) => given.length)).toEqual([3, 3]);
    expect(workers.map((worker) => givenTo(worker)[0]?.[1])).toEqual(["decode", "decode"]);
  });

  it("leaves them to one of two idle workers while they are few and quickly made", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const jobs = runAll(pool, jobsOf(png, [1, 2, 3, 4, 5, 6]));
    await settle();
    const other = runAll(pool, jobsOf(Buffer.from(png), [7]));
    await finishAll(workers, 6);
    await Promise.all([...jobs, ...other]);
    expect(workers.map(({ given }) => given.length).toSorted((a, b) => a - b)).toEqual([1, 6]);
  });

  it("divides what takes much longer to encode than to decode, but not one image's formats", async () => {
    const widths = [2500, 3000, 3500, 3900];
    const jpegs = jobsOf(jpeg, widths);
    const webps = jpegs.map((job) => ({ ...job, format: "webp" as const }));
    const large = webps.slice(3).flatMap((job) => [
      { ...job, format: "jpg" as const },
      { ...job, spec: { ...job.spec, quality: 50 } },
      { ...job, spec: { ...job.spec, quality: 60 } },
    ]);
    const rows = [
      [webps, [2, 2]],
      [webps.slice(2), [1, 1]],
      [webps.slice(3), [0, 1]],
      [jpegs, [0, 4]],
      [
        [...jobsOf(jpeg, [2100]), ...webps.slice(3)],
        [0, 2],
      ], // one is soon done with the first
      [large, [0, 3]],
    ] as const;
    for (const [jobs, counts] of rows) {
      const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
      await pool.start();
      const results = runAll(pool, jobs);
      await finishAll(workers, 4);
      await Promise.all(results);
      expect(workers.map(({ given }) => given.length).toSorted((a, b) => a - b)).toEqual(counts);
    }
  });

  it("divides what is left for a worker that becomes idle later", async () => {
    expect(await chooseLater(webpsOf([3500, 3900]))).toBe(3900);
    expect(await chooseLater(webpsOf([2600, 2500]))).toBeUndefined(); // half of the first is done by then
  });

  it("does something else first, unless there is much to divide that has waited longer", async () => {
    const many = Array.from({ length: 20 }, (_, index) => 3500 + index);
    const other = jobsOf(png, [7]);
    expect(await chooseLater([...webpsOf([3500, 3900]), ...other])).toBe(7);
    expect(await chooseLater([...webpsOf(many), ...other])).toBe(3519);
  });

  it("does not decode once more for what is little beside the rest, in whatever order", async () => {
    const [small, other] = jobsOf(jpeg, [2001, 2050]);
    const [large] = webpsOf([3900]);
    const [slow] = jobsOf(jpeg, [2100]).map((job) => ({ ...job, format: "avif" as const }));
    const middling = webpsOf([2001, 2002, 2003, 2004]);
    if (!small || !other || !large || !slow) throw new Error("there are four");
    for (const [jobs, counts] of [
      [[small, large, other], "0 0 3"],
      [[large, small, other], "0 0 3"],
      [[small, other, large], "0 0 3"],
      [[small, other, slow], "0 1 2"],
      [middling, "0 2 2"], // enough for two, but not for three
    ] as const) {
      const { pool, workers } = setUp({ size: 3, queueLimit: 9 });
      await pool.start();
      const results = runAll(pool, jobs);
      await finishAll(workers, 3);
      await Promise.all(results);
      const given = workers.map((worker) => worker.given.length).toSorted((x, y) => x - y);
      expect(given.join(" ")).toBe(counts);
    }
  });

  it("leaves the formats of an image to whoever has begun with it", async () => {
    expect(await chooseLater([...jobsOf(jpeg, [3900]), ...webpsOf([3900, 3000])])).toBe(3000);
  });

  it("does not let what is quickly made wait for what is not", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const [first, second, third] = jobsOf(png, [1, 2, 3]);
    if (!first || !second || !third) throw new Error("there are three");
    const slow = runAll(pool, [
      { ...first, format: "avif" },
      { ...second, format: "avif" },
      { ...third, format: "avif" },
    ]);
    await settle();
    const quick = pool.run(second, never);
    workers[0]?.finish();
    await settle();
    workers[0]?.finish();
    await settle();
    await finishAll(workers, 4);
    await Promise.all([quick, ...slow]);
    expect(pool.stats()).toMatchObject({ busy: 0, queued: 0 });
  });

  it("shares nothing when an idle worker is there for each", async () => {
    const slow = jobsOf(png, [1, 2]).map((job) => ({ ...job, format: "avif" as const }));
    const large = webpsOf([3500, 3900]);
    const mixed = [...jobsOf(png, [1]), ...slow.slice(1)];
    for (const pair of [slow, large, mixed]) {
      const { pool, workers } = setUp({ size: 2 });
      await pool.start();
      const jobs = runAll(pool, pair);
      await finishAll(workers, 1);
      await Promise.all(jobs);
      expect(workers.map((worker) => givenTo(worker)[0]?.[1])).toEqual(["nothing", "nothing"]);
    }
  });
});
