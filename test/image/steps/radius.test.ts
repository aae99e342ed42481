import { describe, expect, it } from "vitest";
import type { Decoded, Rgba } from "../../support/images.ts";
import { distance, drawGrid, drawQuadrants } from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(80, 40).png().toBuffer();
const square = await drawGrid("R", 200, 200).png().toBuffer();
const clear: Rgba = [0, 0, 0, 0];

/** How much there is of an image, in pixels. */
function areaOf({ width, height, at }: Decoded): number {
  let sum = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) sum += at((x + 0.5) / width, (y + 0.5) / height)[3] / 255;
  }
  return sum;
}

describe("transformImage", () => {
  it.each([
    ["r_1", 200 * 200 - 4 * (1 - Math.PI / 4)],
    ["r_20", 200 * 200 - 20 * 20 * (4 - Math.PI)],
    ["r_100", Math.PI * 100 * 100],
    ["r_4096", Math.PI * 100 * 100],
    ["r_max", Math.PI * 100 * 100],
    ["w_200,h_100,c_fill,r_4096", 100 * 100 + Math.PI * 50 * 50],
    ["w_200,h_100,c_fill,r_max", Math.PI * 100 * 50],
    ["w_101,h_51,c_fill,r_max", (Math.PI * 101 * 51) / 4],
    ["w_200,h_3,c_fill,r_max", (Math.PI * 200 * 3) / 4],
    ["w_1,h_1,c_fill,r_5", Math.PI / 4],
  ])("leaves under %s what the curve encloses: %d pixels", async (spec, area) => {
    expect(areaOf(await viewVariant(square, spec)) / area).toBeCloseTo(1, area < 10 ? 0 : 1.4);
  });

  it("is the same in all four corners, and smooth", async () => {
    const { at } = await viewVariant(square, "w_51,h_51,r_20");
    const alpha = (x: number, y: number): number => at((x + 0.5) / 51, (y + 0.5) / 51)[3];
    let between = 0;
    for (let y = 0; y < 51; y += 1) {
      for (let x = 0; x < 51; x += 1) {
        expect(alpha(x, y)).toBe(alpha(50 - x, y));
        expect(alpha(x, y)).toBe(alpha(x, 50 - y));
        expect(alpha(x, y)).toBe(alpha(y, x));
        if (alpha(x, y) > 0 && alpha(x, y) < 255) between += 1;
      }
    }
    expect(between).toBeGreaterThan(60);
  });

  it.each([
    ["png", "r_10", clear],
    ["webp", "r_10", clear],
    ["avif", "r_10", clear],
    ["gif", "r_10", clear],
    ["jpg", "r_10", [255, 255, 255, 255]],
    ["png", "r_10,b_00ffff", [0, 255, 255, 255]],
    ["jpg", "r_10,b_00ffff", [0, 255, 255, 255]],
    ["png", "r_10,b_00ffff80", [0, 255, 255, 128]],
    ["jpg", "r_max", [255, 255, 255, 255]],
    ["jpg", "w_40,h_40,c_pad,b_00ffff,r_10", [0, 255, 255, 255]],
  ] as const)("shows in %s in the corners of %s %j", async (format, spec, expected) => {
    const image = await viewVariant(wide, spec, format);
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const corner = image.at(x, y);
      if (expected[3] === 0) expect(corner[3]).toBeLessThan(8);
      else expect(distance(corner, expected)).toBeLessThan(20);
    }
    expect(image.at(0.5, 0.5)[3]).toBe(255);
  });

  it("rounds what was padded, and pixels of the result", async () => {
    const padded = await viewVariant(wide, "w_40,h_40,c_pad,r_max");
    expect(padded.at(0.02, 0.5)[3]).toBeGreaterThan(250); // of the image, where the circle touches the side
    expect(padded.at(0.5, 0.1)[3]).toBe(0); // padding
    const small = await viewVariant(square, "w_20,r_5");
    expect(areaOf(small)).toBeCloseTo(400 - 25 * (4 - Math.PI), 0);
  });

  it("leaves alpha that there was", async () => {
    const half = await drawGrid("R.", 40, 40).png().toBuffer();
    const image = await viewVariant(half, "r_5");
    expect([image.at(0.25, 0.5)[3], image.at(0.75, 0.5)[3], image.at(0, 0)[3]]).toEqual([
      255, 0, 0,
    ]);
  });

  it("keeps the size of the result", async () => {
    expect(await makeVariant(wide, "w_40,r_max", "webp")).toMatchObject({ width: 40, height: 20 });
  });
});
