import { describe, expect, it } from "vitest";
import { drawQuadrants } from "../../support/images.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { startInlineWorker } from "../../../src/image/pool/inline.ts";
import { startPool } from "../../support/image/child-pool.ts";
import { never, setUp, settle } from "../../support/image/fake-workers.ts";
import { alpha, make, photo } from "../../support/image/shared-images.ts";

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();

describe("createPool with jobs of one image", () => {
  it("makes one image in all formats before the next, and keeps what others can share", async () => {
    const webp = await drawQuadrants(40, 20).webp().toBuffer();
    const rows: [Uint8Array, number[], [number, string, string, boolean][]][] = [
      [
        jpeg,
        [960, 1280],
        [
          [960, "jpg", "decode", true],
          [960, "webp", "decode", false],
          [1280, "jpg", "original", true],
          [1280, "webp", "nothing", false],
        ],
      ],
      [
        png,
        [20, 30],
        // of what may have alpha a JPEG is another image
        [
          [20, "jpg", "decode", false],
          [20, "webp", "decode", false],
          [30, "jpg", "decode", false],
          [30, "webp", "nothing", false],
        ],
      ],
      [
        webp,
        [4],
        [
          [4, "webp", "original", true],
          [4, "png", "nothing", false],
        ],
      ],
    ];
    for (const [bytes, widths, expected] of rows) {
      const { pool, workers } = setUp({ queueLimit: 9 });
      await pool.start();
      const formats = bytes === webp ? (["webp", "png"] as const) : (["jpg", "webp"] as const);
      const jobs = widths.flatMap((width) =>
        formats.map((format) => ({ bytes, spec: { width }, format })),
      );
      const done = jobs.map((job) => pool.run(job, never));
      for (const _ of jobs) {
        await settle();
        workers[0]?.finish();
      }
      await Promise.all(done);
      const given = workers[0]?.given.map(
        ({ job, options: { next: follow, sharesImage: isTwinned } }) => [
          job.spec.width,
          job.format,
          follow,
          isTwinned,
        ],
      );
      expect(given).toEqual(expected);
    }
  });

  it("does not have what is quick wait for what takes long, or others for that", async () => {
    const webp = await drawQuadrants(40, 20).webp().toBuffer();
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const both = (["gif", "webp"] as const).map((format) =>
      pool.run({ bytes: webp, spec: { width: 4 }, format }, never),
    );
    await settle();
    expect(workers.map(({ given }) => given.length)).toEqual([1, 1]);
    const asked = [
      ["webp", 30],
      ["webp", 20],
      ["avif", 30],
    ] as const;
    for (const worker of workers) worker.finish();
    await Promise.all(both);
    pool.stop();
    const one = setUp({ queueLimit: 9 });
    await one.pool.start();
    const jobs = asked.map(([format, width]) =>
      one.pool.run({ bytes: png, spec: { width }, format }, never),
    );
    for (const _ of jobs) {
      await settle();
      one.workers[0]?.finish();
    }
    await Promise.all(jobs);
    const given = one.workers[0]?.given.map(({ job }) => [job.format, job.spec.width]);
    expect(given).toEqual(asked);
  });

  it("leaves to each worker what it has decoded itself", async () => {
    const { pool, workers } = setUp({ size: 2, queueLimit: 9 });
    await pool.start();
    const asked = [
      ["jpg", 1280],
      ["jpg", 700],
      ["jpg", 900],
      ["webp", 700],
    ] as const;
    const jobs = asked.map(([format, width]) =>
      pool.run({ bytes: jpeg, spec: { width }, format }, never),
    );
    for (const _ of jobs) {
      await settle();
      for (const worker of workers) worker.finish();
    }
    await Promise.all(jobs);
    const given = workers.map((worker) =>
      worker.given.map(({ job }) => [job.format, job.spec.width]),
    );
    expect(given).toEqual([
      [
        ["jpg", 700],
        ["webp", 700],
      ],
      [
        ["jpg", 1280],
        ["jpg", 900],
      ],
    ]);
  });

  it("makes them in a child, and without one, as they would be made alone", async () => {
    for (const options of [{}, { startWorker: () => startInlineWorker(DEFAULT_IMAGE_LIMITS) }]) {
      const pool = await startPool(options);
      for (const bytes of [photo, alpha]) {
        const jobs = [84, 63].flatMap((width) =>
          (["jpg", "webp", "png"] as const).map((format) => ({ bytes, spec: { width }, format })),
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
});
