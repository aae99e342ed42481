import { platform } from "node:os";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { fillJpegBlocks } from "../../../src/image/input/jpeg/header.ts";
import { prepareEngine } from "../../../src/image/sharp/engine.ts";
import { decodeReduced } from "../../../src/image/sharp/reduced.ts";

/** Neither side is a multiple of any factor. */
const SIZE = { width: 251, height: 93 };

/** Redder to the right, greener to the bottom. */
async function drawRamps(): Promise<Buffer> {
  const data = Buffer.alloc(SIZE.width * SIZE.height * 3, 90);
  for (let at = 0; at < data.length; at += 3) {
    const pixel = at / 3;
    data[at] = pixel % SIZE.width;
    data[at + 1] = 2 * Math.floor(pixel / SIZE.width);
  }
  return sharp(data, { raw: { ...SIZE, channels: 3 } })
    .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

async function expectRamps(): Promise<void> {
  const jpeg = await drawRamps();
  for (const shrink of [2, 4, 8]) {
    const filled = fillJpegBlocks(jpeg, shrink) ?? Buffer.of();
    const decoded = await decodeReduced(filled, { options: {}, size: SIZE, shrink });
    expect(decoded?.size).toEqual({ width: SIZE.width / shrink, height: SIZE.height / shrink });
    const { data, width, height } = decoded?.pixels ?? { data: Buffer.of(), width: 0, height: 0 };
    const [columns, rows] = [Math.ceil(SIZE.width / shrink), Math.ceil(SIZE.height / shrink)];
    expect([width, height]).toEqual([columns, rows]);
    const meanOf = (at: number, side: number): number => {
      const first = at * shrink;
      const levels = Array.from({ length: shrink }, (_, i) => Math.min(first + i, side - 1));
      return levels.reduce((sum, level) => sum + level, 0) / shrink;
    };
    let most = 0;
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const [red = 0, green = 0] = data.subarray((y * width + x) * 3);
        const meant = meanOf(x, SIZE.width);
        const other = 2 * meanOf(y, SIZE.height);
        most = Math.max(most, Math.abs(red - meant), Math.abs(green - other));
      }
    }
    expect(most).toBeLessThanOrEqual(3);
  }
}

describe("decodeReduced", () => {
  // before the engine is prepared, as where there are no temp files
  it("keeps the rest of each side in a pipeline of sharp", expectRamps);

  it.runIf(platform() === "linux")("does so at the factor of the decoder", async () => {
    await prepareEngine();
    await expectRamps();
  });
});
