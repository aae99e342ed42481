import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { findContent, uniteRegions } from "../../../src/image/steps/trim.ts";
import type { Pixels } from "../../../src/image/sharp/pixels.ts";
import { drawGrid, drawQuadrants, readGrid } from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

/** An image of 80×40 in a frame: 10 pixels above, 20 at the right, 30 below, 40 at the left. */
async function frame(background: string | object): Promise<Buffer> {
  return drawQuadrants(80, 40)
    .extend({ top: 10, right: 20, bottom: 30, left: 40, background })
    .png()
    .toBuffer();
}

const white = await frame("white");

async function drawPixels(text: string, width: number, height: number): Promise<Pixels> {
  const data = await drawGrid(text, width, height).raw().toBuffer();
  return { data, width, height, channels: 4 };
}

describe("findContent", () => {
  it.each([
    ["WWWW/WRGW/WWWW", "1,1,2,1"],
    ["WWWW/WRWW/WWGW", "1,1,2,2"],
    ["WWWW/WWWW/WWWR", "3,2,1,1"],
    ["....", "0,0,4,1"],
    ["WWWW/WWWW", "0,0,4,2"],
    ["W", "0,0,1,1"],
    ["WR", "1,0,1,1"],
    ["RW/WW", "0,0,2,2"],
    ["..../.R../....", "1,1,1,1"],
    ["W../WR./...", "0,0,3,3"],
  ])("finds in %s what is no border: %s", async (text, expected) => {
    const [row = ""] = text.split("/");
    const pixels = await drawPixels(text, row.length, text.split("/").length);
    const { left, top, width, height } = findContent(pixels, 10);
    expect([left, top, width, height].join(",")).toBe(expected);
  });

  it("takes for border what is as near to the corner as the tolerance", () => {
    const pixels = {
      data: Buffer.from([100, 100, 100, 120, 90, 100, 121, 100, 100]),
      width: 3,
      height: 1,
      channels: 3,
    } as const;
    expect(findContent(pixels, 20)).toMatchObject({ left: 2, width: 1 });
    expect(findContent(pixels, 21)).toMatchObject({ left: 0, width: 3 });
    expect(findContent(pixels, 19)).toMatchObject({ left: 1, width: 2 });
  });

  it("does not look at the colour of transparent pixels", () => {
    const data = Buffer.from([255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255]);
    expect(findContent({ data, width: 3, height: 1, channels: 4 }, 0)).toMatchObject({
      left: 2,
      width: 1,
    });
  });
});

describe("uniteRegions", () => {
  it("gives the smallest region around all", () => {
    const regions = [
      { left: 5, top: 6, width: 10, height: 1 },
      { left: 7, top: 2, width: 20, height: 3 },
    ];
    expect(uniteRegions(regions)).toEqual({ left: 5, top: 2, width: 22, height: 5 });
  });
});

describe("transformImage", () => {
  it.each(["white", "#888888", { r: 0, g: 0, b: 0, alpha: 0 }])(
    "trims borders of %j",
    async (border) => {
      const image = await viewVariant(await frame(border), "trim_10");
      expect([image.width, image.height]).toEqual([80, 40]);
      expect(readGrid(image)).toBe("RG/BY");
    },
  );

  it.each([
    ["trim_10,w_40", "40x20", "RG/BY"],
    ["trim_10,w_20,h_20,g_east", "20x20", "GG/YY"],
    ["trim_10,w_20,h_20,c_pad,b_white", "20x20", undefined],
    ["trim_10,a_90", "40x80", "BR/YG"],
    ["trim_10,flip_h", "80x40", "GR/YB"],
    // points of the original: in its left half, and in the right half of the image in the frame
    ["trim_10,w_20,h_20,g_0.6x0.5", "20x20", "RG/BY"],
    ["trim_10,w_20,h_20,g_0.4x0.5", "20x20", "RR/BB"],
    ["trim_10,w_20,h_20,g_0.8x0.5", "20x20", "GG/YY"],
  ])("trims before all else: %s", async (spec, size, grid) => {
    const image = await viewVariant(white, spec);
    expect(`${image.width}x${image.height}`).toBe(size);
    if (grid) expect(readGrid(image)).toBe(grid);
  });

  it("trims what is upright", async () => {
    const lying = await sharp(white).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const image = await viewVariant(lying, "trim_10");
    expect([image.width, image.height]).toEqual([80, 40]);
    expect(readGrid(image)).toBe("RG/BY");
    const stored = await viewVariant(lying, "trim_10,a_45");
    expect(stored.width).toBe(85);
  });

  it("trims a JPEG whose border is not quite even, as far as it is told", async () => {
    const jpeg = await sharp(white).jpeg({ quality: 70 }).toBuffer();
    const { width, height } = await makeVariant(jpeg, "trim_40");
    expect(Math.max(width - 80, height - 40)).toBeLessThanOrEqual(2); // it smears colours
    expect((await makeVariant(jpeg, "trim_0")).width).toBeGreaterThan(84);
  });

  it.each(["trim_0", "trim_255"])(
    "leaves an image of one colour as it is under %s",
    async (spec) => {
      for (const [width, height] of [
        [1, 1],
        [30, 20],
        [1, 500],
      ] as const) {
        const flat = await drawGrid("R", width, height).png().toBuffer();
        expect(await makeVariant(flat, spec)).toMatchObject({ width, height });
      }
    },
  );
});
