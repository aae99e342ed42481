import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import { difference, make, photo } from "../../support/image/shared-images.ts";

/** An image as it is seen. */
function flatten(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes).flatten({ background: "#888" }).png({ palette: false }).toBuffer();
}

async function makePng(bytes: Buffer, spec: TransformSpec): Promise<Buffer> {
  return make({ bytes, spec, format: "png" });
}

describe("encodeWithPalette", () => {
  const chart = sharp({
    create: { width: 300, height: 200, channels: 3, background: "#ffffff" },
  }).composite(
    ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"].map((background, index) => ({
      input: {
        create: { width: 31, height: 30 + 29 * index, channels: 3 as const, background },
      },
      left: 20 + 53 * index,
      top: 170 - 29 * index,
    })),
  );

  it("keeps one, and all that is seen", async () => {
    const plain = await chart.clone().png({ palette: false }).toBuffer();
    const indexed = await chart.clone().png({ palette: true, dither: 0 }).toBuffer();
    for (const bytes of [indexed, await chart.clone().gif({ dither: 0 }).toBuffer()]) {
      for (const [spec, most] of [
        [{}, 0],
        [{ width: 200 }, 0.5],
        [{ width: 150 }, 0.5],
        [{ width: 100, radius: 20 }, 0.5],
      ] as const) {
        const [made, meant] = [await makePng(bytes, spec), await makePng(plain, spec)];
        const { isPalette } = await sharp(made).metadata();
        expect([spec, isPalette]).toEqual([spec, true]);
        expect(await sharp(meant).metadata()).toMatchObject({ isPalette: false });
        expect(made.length).toBeLessThan(meant.length);
        expect(await difference(await flatten(made), await flatten(meant))).toBeLessThanOrEqual(
          most,
        );
      }
    }
  });

  it("has none where bands would be seen", async () => {
    const bytes = await sharp(photo).resize(300).png({ palette: true }).toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ isPalette: true });
    const made = await makePng(bytes, { width: 200 });
    expect(await sharp(made).metadata()).toMatchObject({ isPalette: false });
  });
});
