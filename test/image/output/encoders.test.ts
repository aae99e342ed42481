import type { Sharp } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodeImage } from "../../../src/image/output/formats.ts";
import { toRaw } from "../../support/image/shared-images.ts";

const SIDE = 96;

/** Red lines of one pixel on black. */
function drawLines(): Sharp {
  const data = Buffer.alloc(SIDE * SIDE * 3);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel += 1)
    data[pixel * 3] = (pixel % SIDE) % 8 === 3 ? 226 : 0;
  return sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } });
}

/** How far the middle of a line is from red. */
async function measureLoss(bytes: Uint8Array): Promise<number> {
  const { data } = await toRaw(Buffer.from(bytes));
  const [r = 0, g = 0, b = 0] = data.subarray((48 * SIDE + 43) * 3);
  return Math.max(226 - r, g, b);
}

describe("encodeJpeg", () => {
  it.each([
    [90, "4:4:4"],
    ["best", "4:4:4"],
    [100, "4:4:4"],
    [89, "4:2:0"],
    ["good", "4:2:0"],
  ] as const)("writes quality %s as %s", async (quality, chromaSubsampling) => {
    const { bytes } = await encodeImage(drawLines(), { format: "jpg", quality });
    expect(await sharp(bytes).metadata()).toMatchObject({ chromaSubsampling });
    const isSharp = chromaSubsampling === "4:4:4";
    expect((await measureLoss(bytes)) < 40).toBe(isSharp);
  });
});

describe("encodeWebp", () => {
  it("keeps the colour of thin lines better from the best level on", async () => {
    const losses: number[] = [];
    for (const quality of [87, "best", 100] as const) {
      const { bytes } = await encodeImage(drawLines(), { format: "webp", quality });
      losses.push(await measureLoss(bytes));
    }
    const [below = 0, best = 0, most = 0] = losses;
    expect(best).toBeLessThan(below - 30);
    expect(most).toBeLessThan(60);
  });
});
