import fc from "fast-check";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { difference, make, toRaw } from "../../support/image/shared-images.ts";
import { chooseRuns } from "../../support/runs.ts";

const BORDER = 6;

/** White with a black frame. */
function drawFrame(width: number, height: number): Sharp {
  const inside = { width: width - 2 * BORDER, height: height - 2 * BORDER };
  return sharp({ create: { ...inside, channels: 3, background: "white" } }).extend({
    top: BORDER,
    bottom: BORDER,
    left: BORDER,
    right: BORDER,
    background: "black",
  });
}

const cases = fc.record({
  width: fc.integer({ min: 120, max: 700 }),
  height: fc.integer({ min: 120, max: 700 }),
  scale: fc.double({ min: 1 / 20, max: 0.5, noNaN: true }),
  orientation: fc.integer({ min: 1, max: 8 }),
  progressive: fc.boolean(),
});

describe("transformImage of a JPEG whose sides are no multiples", () => {
  it("shows all four edges alike, as of a PNG", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ width, height, scale, orientation, progressive }) => {
        const image = drawFrame(width, height);
        const target = Math.max(5, Math.round(width * scale));
        const spec = {
          width: target,
          height: Math.max(5, Math.round(height * scale)),
          mode: "scale",
        } as const;
        const drawn = image.clone().withMetadata({ orientation });
        const jpeg = await drawn.jpeg({ quality: 100, progressive }).toBuffer();
        const png = await image.clone().withMetadata({ orientation }).png().toBuffer();
        const [made, meant] = [
          await make({ bytes: jpeg, spec, format: "png" }),
          await make({ bytes: png, spec, format: "png" }),
        ];
        expect(await difference(made, meant)).toBeLessThan(4);
        // libjpeg's reduction depends a little on where blocks begin
        const { data, info } = await toRaw(made);
        const read = (x: number, y: number): number => data[(y * info.width + x) * 3] ?? 0;
        const [right, bottom] = [info.width - 1, info.height - 1];
        const [middle, center] = [right >> 1, bottom >> 1];
        expect(Math.abs(read(0, center) - read(right, center))).toBeLessThan(40);
        expect(Math.abs(read(middle, 0) - read(middle, bottom))).toBeLessThan(40);
      }),
      { numRuns: chooseRuns(15, 150) },
    );
  }, 600_000);

  it("takes as much of the last line as of the others", async () => {
    for (const lines of [9, 15, 17, 31]) {
      const size = { width: 2000, height: lines };
      const above = Math.ceil(lines / 2);
      const red = { ...size, height: above, channels: 3, background: "#f00000" } as const;
      const input = await sharp({ create: red }).png().toBuffer();
      const bytes = await sharp({ create: { ...size, channels: 3, background: "#0000f0" } })
        .composite([{ input, left: 0, top: 0 }])
        .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
        .toBuffer();
      const spec = { width: 134, height: 1, mode: "scale" } as const;
      const { data } = await toRaw(await make({ bytes, spec, format: "png" }));
      const [r = 0, g = 0, b = 0] = data.subarray(67 * 3);
      expect([lines, r / 240, g, b / 240]).toEqual([
        lines,
        expect.closeTo(above / lines, 1),
        expect.closeTo(0, -1),
        expect.closeTo(1 - above / lines, 1),
      ]);
    }
  });
});
