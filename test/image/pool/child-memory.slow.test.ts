import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { startChildWorker } from "../../../src/image/pool/child-process.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { expectMade } from "../../support/image/make-variant.ts";
import { runAlone, toOutput } from "../../support/image/fake-workers.ts";

describe("startChildWorker", () => {
  it("has memory enough for many passes over the largest image", async () => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const original = await sharp({ create: { width: 8000, height: 5000, channels: 4, background } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const worker = await startChildWorker({ limits: DEFAULT_IMAGE_LIMITS });
    const spec = {
      flip: "h",
      rotate: 180,
      blur: 50,
      sharpen: 10,
      sepia: 50,
      tint: "ff0000",
      radius: "max",
    } as const;
    const job = { bytes: original, spec, format: "png" } as const;
    const result = await runAlone(worker, job).finally(() => worker.stop());
    expect(result).toMatchObject({ width: 8000, height: 5000 });
  });

  it("has memory enough for what jobs share, beside the largest that one of them can need", async () => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const bytes = await sharp({ create: { width: 4600, height: 4300, channels: 4, background } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const worker = await startChildWorker({ limits: DEFAULT_IMAGE_LIMITS });
    const spec = { flip: "h", rotate: 180, blur: 50, sharpen: 10, sepia: 50, radius: 9 } as const;
    try {
      const outputs = [1, 2, 3].map(() => toOutput({ bytes, spec, format: "png" }));
      const widths: number[] = [];
      await new Promise<void>((resolve, reject) => {
        worker.begin({ bytes, outputs }, (message) => {
          if (message.kind === "died" || message.kind === "failed") reject(message.error);
          if (message.kind !== "ended") return;
          widths.push(expectMade(message.result).width);
          if (widths.length === outputs.length) resolve();
        });
      });
      expect(widths).toEqual([4600, 4600, 4600]);
      expect(worker.isFit()).toBe(true);
    } finally {
      worker.stop();
    }
  });
});
