import { describe, expect, it } from "vitest";
import { drawQuadrants } from "../support/images.ts";
import { never, setUp, settle } from "./fake-workers.ts";

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();

describe("createPool with jobs of one picture", () => {
  it("makes one picture in all formats before the next, and keeps what others can share", async () => {
    const webp = await drawQuadrants(40, 20).webp().toBuffer();
    const rows: [Uint8Array, number[], [number, string, string, boolean][]][] = [
      [
        jpeg,
        [960, 1280],
        // of WebP those that a JPEG is decoded by two for share no decode
        [
          [1280, "jpg", "decode", true],
          [1280, "webp", "decode", false],
          [960, "jpg", "original", true],
          [960, "webp", "nothing", false],
        ],
      ],
      [
        png,
        [20, 30],
        // of what may have alpha a JPEG is another picture
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
          [4, "avif", "nothing", false],
        ],
      ],
    ];
    for (const [bytes, widths, expected] of rows) {
      const { pool, workers } = setUp({ queueLimit: 9 });
      await pool.start();
      const formats = bytes === webp ? (["webp", "avif"] as const) : (["jpg", "webp"] as const);
      const jobs = widths.flatMap((width) =>
        formats.map((format) => ({ bytes, spec: { width }, format })),
      );
      const done = jobs.map((job) => pool.run(job, never));
      for (const _ of jobs) {
        await settle();
        workers[0]?.finish();
      }
      await Promise.all(done);
      const given = workers[0]?.given.map(({ job, options: { follow, isTwinned } }) => [
        job.spec.width,
        job.format,
        follow,
        isTwinned,
      ]);
      expect(given).toEqual(expected);
    }
  });
});
