import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { startChildWorker } from "../../src/image/child-worker.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";

describe("startChildWorker", () => {
  it("has memory enough for many passes over the largest picture", async () => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const original = await sharp({ create: { width: 8000, height: 5000, channels: 4, background } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const worker = await startChildWorker({
      limits: DEFAULT_IMAGE_LIMITS,
      execArgv: process.execArgv,
    });
    const spec = {
      flip: "h",
      rotate: 180,
      blur: 50,
      sharpen: 10,
      sepia: 50,
      tint: "ff0000",
      radius: "max",
    } as const;
    const result = await worker
      .run({ bytes: original, spec, format: "png" }, AbortSignal.timeout(25_000))
      .finally(() => worker.stop());
    expect(result).toMatchObject({ width: 8000, height: 5000 });
  });
});
