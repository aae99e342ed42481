import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { startPool } from "../../support/image/child-pool.ts";
import { expectMade } from "../../support/image/make-variant.ts";

const signal = new AbortController().signal;

function drawFlat(width: number, height: number): Promise<Buffer> {
  const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
  return sharp({ create: { width, height, channels: 4, background } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Memory that a step has left may not be free yet when the next needs it: such a job goes to a new process, once. */
describe("a pool", () => {
  it("has memory enough for many passes over a large image", async () => {
    const pool = await startPool();
    const spec = {
      flip: "h",
      rotate: 180,
      blur: 50,
      sharpen: 10,
      sepia: 50,
      tint: "ff0000",
      radius: "max",
    } as const;
    const job = { bytes: await drawFlat(8000, 5000), spec, format: "png" } as const;
    const result = await pool.run(job, { signal });
    expect(result).toMatchObject({ width: 8000, height: 5000 });
  });

  it("has memory enough for what jobs share, beside the largest that one of them can need", async () => {
    const pool = await startPool();
    const bytes = await drawFlat(4600, 4300);
    const spec = { flip: "h", rotate: 180, blur: 50, sharpen: 10, sepia: 50, radius: 9 } as const;
    const job = { bytes, originalId: "one", spec, format: "png" } as const;
    const results = await Promise.all([1, 2, 3].map(() => pool.run(job, { signal })));
    expect(results.map((result) => expectMade(result).width)).toEqual([4600, 4600, 4600]);
  });
});
