import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { startInlineWorker } from "../../../src/image/pool/inline.ts";
import type { TransformJob } from "../../../src/image/pipeline/pipeline.ts";
import type { ImageWorker } from "../../../src/image/worker.ts";
import { drawPhoto, drawQuadrants } from "../../support/images.ts";
import { JOB, never, runAlone, setUp } from "../../support/image/fake-workers.ts";

function startInline(): Promise<ImageWorker> {
  return startInlineWorker(DEFAULT_IMAGE_LIMITS);
}

describe("startInlineWorker", () => {
  const original: Promise<Buffer> = drawQuadrants(40, 20).png().toBuffer();

  it("makes variants in a pool", async () => {
    const { pool } = setUp({ startWorker: startInline });
    await pool.start();
    const job: TransformJob = { bytes: await original, spec: { width: 20 }, format: "webp" };
    const results = await Promise.all([1, 2, 3].map(() => pool.run(job, never)));
    expect(results).toMatchObject([1, 2, 3].map(() => ({ width: 20, height: 10 })));
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("throws what a transform throws, and goes on", async () => {
    const worker = await startInline();
    await expect(runAlone(worker, JOB)).rejects.toMatchObject({ code: "unsupported_original" });
    const job: TransformJob = { bytes: await original, spec: {}, format: "png" };
    expect(await runAlone(worker, job)).toMatchObject({ width: 40, height: 20 });
    expect(worker.isFit()).toBe(true);
  });

  it("answers in time for a job that takes too long", async () => {
    const bytes = await drawPhoto(1300, 1300);
    const { pool } = setUp({ startWorker: startInline, deadlineMs: 20 });
    await pool.start();
    const job = pool.run({ bytes, spec: {}, format: "avif" }, never);
    await expect(job).rejects.toMatchObject({ code: "timeout" });
    expect(sharp.counters().process).toBe(1); // it goes on
  });
});
