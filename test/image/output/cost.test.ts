import { describe, expect, it, vi } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { estimateCost } from "../../../src/image/output/formats.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import type { OutputFormat } from "../../../src/transform/formats.ts";
import { drawAnimation, drawPhoto, drawQuadrants } from "../../support/images.ts";
import { JOB, never, setUp, settle } from "../../support/image/fake-workers.ts";
import { expectMade } from "../../support/image/make-variant.ts";

const photo = await drawPhoto(400, 300);
const limitedTo = (slowPixels: number) => ({ ...DEFAULT_IMAGE_LIMITS, slowPixels });

describe("estimateCost", () => {
  it("grows with the pixels, and is the most for what is lossless", () => {
    for (const format of ["avif", "webp"] as const) {
      const [one, two] = [estimateCost(1, { format }), estimateCost(2, { format })];
      expect(two).toBe(2 * one);
      expect(estimateCost(1, { format, lossless: true })).toBeGreaterThan(one);
    }
    expect(estimateCost(7, { format: "avif" })).toBe(7);
    expect(estimateCost(7, { format: "json" })).toBe(0);
  });
});

describe("transformImage of what is slow", () => {
  it.each([
    ["avif", { width: 100 }, 7500],
    ["avif", { width: 100, lossless: true }, 22_500],
    ["webp", { width: 100, lossless: true }, 12_000],
    ["avif", { width: 100, height: 100, mode: "pad" }, 10_000],
    ["avif", { width: 100, rotate: 90 }, 7500],
  ] satisfies [OutputFormat, TransformSpec, number][])(
    "declines %s of %j above %i pixels, when it may",
    async (format, spec, cost) => {
      const job = { bytes: photo, spec, format, skipIfSlow: true };
      expect(await transformImage(job, { limits: limitedTo(cost - 1) })).toEqual({
        kind: "too_slow",
      });
      expect(await transformImage(job, { limits: limitedTo(cost) })).toMatchObject({
        kind: "made",
      });
    },
  );

  it("counts all frames, and declines no animation: nothing else moves sooner", async () => {
    const bytes = await drawAnimation(["R", "G", "B"], { width: 20, height: 10 });
    const job = { bytes, spec: {}, format: "webp", skipIfSlow: true } as const;
    for (const [slowPixels, calls] of [
      [299, [["webp of 600 pixels"]]],
      [300, []],
    ] as const) {
      const onSlow = vi.fn();
      const result = await transformImage(job, { limits: limitedTo(slowPixels), onSlow });
      expect(result).toMatchObject({ kind: "made" });
      expect(onSlow.mock.calls).toEqual(calls);
    }
  });

  it("declines before pixels are touched", async () => {
    const bytes = await drawQuadrants(400, 300).png().toBuffer();
    bytes.fill(0, 900, 940);
    const job = { bytes, spec: {}, format: "avif" } as const;
    const limits = limitedTo(1000);
    expect(await transformImage({ ...job, skipIfSlow: true }, { limits })).toEqual({
      kind: "too_slow",
    });
    await expect(transformImage(job, { limits })).rejects.toMatchObject({
      code: "unusable_original",
    });
  });

  it.each([
    ["avif", {}, "avif of 120000 pixels"],
    ["avif", { lossless: true }, "lossless avif of 120000 pixels"],
    ["webp", { lossless: true }, "lossless webp of 120000 pixels"],
  ] satisfies [OutputFormat, TransformSpec, string][])(
    "makes %s of %j with less effort when it must not decline, and says so",
    async (format, spec, what) => {
      const job = { bytes: photo, spec, format };
      const onSlow = vi.fn<(what: string) => void>();
      const quick = expectMade(await transformImage(job, { limits: limitedTo(1e9), onSlow }));
      expect(onSlow).not.toHaveBeenCalled();
      const slow = expectMade(await transformImage(job, { limits: limitedTo(1), onSlow }));
      expect(onSlow.mock.calls).toEqual([[what]]);
      expect(slow.bytes.length).not.toBe(quick.bytes.length);
      expect([slow.width, slow.height]).toEqual([400, 300]);
    },
  );
});

describe("Pool with what is slow", () => {
  it("hands on that a job was declined", async () => {
    const { pool, workers } = setUp();
    const job = pool.run({ ...JOB, skipIfSlow: true }, never);
    await settle();
    workers[0]?.decline();
    expect(await job).toEqual({ kind: "too_slow" });
  });

  it("says what takes too long when that was to be expected", async () => {
    const { pool, workers } = setUp({ deadlineMs: 40 });
    const job = expect(pool.run(JOB, never)).rejects.toMatchObject({
      code: "timeout",
      message:
        "avif of 9 pixels took longer than 40 ms (TRANSFORM_TIMEOUT_MS): ask for a smaller image or another format",
    });
    await settle();
    workers[0]?.saySlow("avif of 9 pixels");
    await job;
  });

  it("blames no size for what ends it otherwise", async () => {
    const { pool, workers } = setUp();
    const caller = new AbortController();
    const job = expect(pool.run(JOB, { signal: caller.signal })).rejects.toThrow("gone");
    await settle();
    workers[0]?.saySlow("avif of 9 pixels");
    caller.abort(new Error("gone"));
    await job;
  });
});
