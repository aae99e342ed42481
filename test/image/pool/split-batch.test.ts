import { describe, expect, it } from "vitest";
import { splitBatch } from "../../../src/image/pool/split-batch.ts";
import type { ImageJob } from "../../../src/image/worker.ts";
import {
  finishAll,
  jobsOf,
  listWidths,
  runAll,
  setUp,
  settle,
} from "../../support/image/fake-workers.ts";
import { drawQuadrants } from "../../support/images.ts";

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();
const page = [320, 480, 640, 960, 1280, 1920];

/** The widths of each part, in the order of their sizes. */
function split(jobs: readonly ImageJob[], workers: number): (number | undefined)[][] {
  const parts = splitBatch(
    jobs.map((job) => ({ job })),
    workers,
  );
  return parts.map((part) => part.map(({ job }) => job.spec.width));
}

function count(jobs: readonly ImageJob[], workers = 2): number[] {
  return split(jobs, workers)
    .map(({ length }) => length)
    .toSorted((one, other) => one - other);
}

describe("splitBatch", () => {
  it("divides the widths of a page that are made of a PNG, if they take long to encode", async () => {
    const large = await drawQuadrants(4000, 3000).png().toBuffer();
    expect(count(jobsOf(large, page, "webp"))).not.toContain(0);
    expect(count(jobsOf(large, page))).toEqual([0, 6]); // two decodes would take as long
    expect(count(jobsOf(large, [96, 128, 192, 256, 320, 400]))).toEqual([0, 6]);
  });

  it("gives each worker the sizes of a JPEG that are decoded alike", () => {
    const parts = split(jobsOf(jpeg, page), 2);
    for (const alike of [
      [480, 640],
      [960, 1280],
    ]) {
      const holders = parts.filter((part) => alike.some((width) => part.includes(width)));
      expect(holders).toHaveLength(1);
    }
    expect(parts.filter(({ length }) => length > 0)).toHaveLength(2);
  });

  it("leaves to one worker what is quickly made", () => {
    expect(count(jobsOf(png, [1, 2, 3, 4, 5, 6]))).toEqual([0, 6]);
  });

  it("divides what takes long, however small it is", () => {
    expect(count(jobsOf(png, [1, 2, 3, 4, 5, 6], "avif"))).toEqual([3, 3]);
  });

  it("divides what takes much longer to encode than to decode, but not one image's formats", () => {
    const [small, other] = jobsOf(jpeg, [2001, 2050]);
    const [middling, large] = jobsOf(jpeg, [2100, 3900], "webp");
    const [slow] = jobsOf(jpeg, [2100], "avif");
    if (!small || !other || !large || !middling || !slow) throw new Error("there are five");
    const formats = [
      large,
      { ...large, format: "jpg" as const },
      { ...large, spec: { ...large.spec, quality: 50 } },
    ];
    const rows: readonly (readonly [readonly ImageJob[], workers: number, string])[] = [
      [jobsOf(jpeg, [2500, 3000, 3500, 3900], "webp"), 2, "2 2"],
      [jobsOf(jpeg, [3500, 3900], "webp"), 2, "1 1"],
      [jobsOf(jpeg, [2500, 3000, 3500, 3900]), 2, "2 2"],
      [jobsOf(jpeg, [2001, 2002]), 2, "0 2"],
      [[small, large], 2, "0 2"], // one is soon done with the first
      [formats, 2, "0 3"],
      [[small, large, other], 3, "0 0 3"],
      [[large, small, other], 3, "0 0 3"],
      [[small, other, slow], 3, "0 1 2"],
      [jobsOf(jpeg, [2001, 2002, 2003, 2004], "webp"), 3, "0 2 2"], // enough for two, but not for three
    ];
    for (const [jobs, workers, counts] of rows) expect(count(jobs, workers).join(" ")).toBe(counts);
  });
});

/** The width that the second of two workers takes when it has done something else, and the first has begun with these. */
async function chooseLater(jobs: readonly ImageJob[]): Promise<number | undefined> {
  const { pool, workers } = setUp({ size: 2, queueLimit: 99 });
  await pool.start();
  const other = runAll(pool, jobsOf(Buffer.from(png), [6]));
  await settle();
  const results = runAll(pool, jobs);
  await settle();
  const second = workers.find((worker) => listWidths(worker)[0] === 6);
  second?.finish();
  await settle();
  const [, width] = listWidths(second);
  await finishAll(workers, jobs.length);
  await Promise.all([...other, ...results]);
  return width;
}

describe("Pool with a batch and idle workers", () => {
  it("splits it over workers that nobody else waits for", async () => {
    for (const [others, counts] of [
      [[], [3, 3]],
      [jobsOf(Buffer.from(png), [7]), [1, 6]],
    ] as const) {
      const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
      await pool.start();
      const jobs = runAll(pool, [...jobsOf(png, [1, 2, 3, 4, 5, 6], "avif"), ...others]);
      await settle();
      const given = workers.map(({ batches }) => batches[0]?.outputs.length ?? 0);
      expect(given.toSorted((one, other) => one - other)).toEqual(counts);
      await finishAll(workers, 6);
      await Promise.all(jobs);
    }
  });

  it("divides what is left for a worker that becomes idle later", async () => {
    expect(await chooseLater(jobsOf(jpeg, [3500, 3900], "webp"))).toBe(3900);
    expect(await chooseLater(jobsOf(jpeg, [2600, 2500], "webp"))).toBeUndefined(); // half of the first is done by then
    const formats = [...jobsOf(jpeg, [3900]), ...jobsOf(jpeg, [3900, 3000], "webp")];
    expect(await chooseLater(formats)).toBe(3000);
  });

  it("does something else first", async () => {
    const webps = jobsOf(jpeg, [3500, 3900], "webp");
    expect(await chooseLater([...webps, ...jobsOf(png, [7])])).toBe(7);
  });

  it("leaves a late comer to a batch that is about to decode for others", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const jobs = runAll(pool, jobsOf(png, [1, 2]));
    await settle();
    jobs.push(...runAll(pool, [...jobsOf(png, [3]), ...jobsOf(png, [4], "avif")]));
    await settle();
    const widths = workers.map(listWidths);
    expect(widths.toSorted((one, other) => Number(one[0]) - Number(other[0]))).toEqual([[1], [4]]);
    await finishAll(workers, 3);
    await Promise.all(jobs);
  });

  it("gives a late comer to an idle worker at once", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const jobs = runAll(pool, jobsOf(png, [1]));
    await settle();
    jobs.push(...runAll(pool, jobsOf(png, [2])));
    await settle();
    expect(workers.map(({ given }) => given.length)).toEqual([1, 1]);
    await finishAll(workers, 1);
    await Promise.all(jobs);
  });
});
