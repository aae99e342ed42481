import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ImageFormat } from "../../../src/transform/formats.ts";
import { IMAGE_FORMATS } from "../../../src/transform/formats.ts";
import { distance, drawGrid, drawPhoto, drawQuadrants, readGrid } from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(80, 40).png().toBuffer();
const tall = await drawQuadrants(40, 80).png().toBuffer();
const square = await drawQuadrants(60, 60).png().toBuffer();
const photo = await drawPhoto(200, 200);

describe("transformImage", () => {
  it.each([
    ["", "80x40", "RG/BY"],
    ["w_20", "20x10", "RG/BY"],
    ["h_20", "40x20", "RG/BY"],
    ["w_400", "80x40", "RG/BY"],
    ["h_400", "80x40", "RG/BY"],
    ["w_160,c_fit", "160x80", "RG/BY"],
    ["w_20,h_20", "20x20", "RG/BY"],
    ["w_400,h_400", "40x40", "RG/BY"],
    ["w_100,h_100,c_fill", "100x100", "RG/BY"],
    ["w_100,h_100,c_limit", "80x40", "RG/BY"],
    ["w_100,h_100,c_fit", "100x50", "RG/BY"],
    ["w_20,h_20,c_scale", "20x20", "RG/BY"],
    ["w_30,h_200,c_scale", "30x200", "RG/BY"],
    ["ar_1:1", "40x40", "RG/BY"],
  ])("makes an original of 80×40 under %s to %s", async (spec, size, grid) => {
    const image = await viewVariant(wide, spec);
    expect(`${image.width}x${image.height}`).toBe(size);
    expect(readGrid(image)).toBe(grid);
  });

  const modes = ["lfill", "fill"];
  const gravities = [
    ["west", "RR/BB", "RG/BY"],
    ["north_west", "RR/BB", "RG/RG"],
    ["north", "RG/BY", "RG/RG"],
    ["north_east", "GG/YY", "RG/RG"],
    ["east", "GG/YY", "RG/BY"],
    ["south_east", "GG/YY", "BY/BY"],
    ["south", "RG/BY", "BY/BY"],
    ["south_west", "RR/BB", "BY/BY"],
    ["center", "RG/BY", "RG/BY"],
    ["0.2x0.9", "RR/BB", "BY/BY"],
    ["0.8x0.1", "GG/YY", "RG/RG"],
  ] as const;
  const cuts = modes.flatMap((mode) => gravities.map((row) => [mode, ...row] as const));

  it.each(cuts)("cuts under %s by g_%s to %s, or %s when tall", async (mode, gravity, ...grids) => {
    const spec = `w_20,h_20,c_${mode},g_${gravity}`;
    expect(readGrid(await viewVariant(wide, spec))).toBe(grids[0]);
    expect(readGrid(await viewVariant(tall, spec))).toBe(grids[1]);
  });

  it.each(gravities)(
    "cuts to a ratio by g_%s to %s, or %s when tall",
    async (gravity, ...grids) => {
      const spec = `ar_1:1,g_${gravity}`;
      expect(readGrid(await viewVariant(wide, spec))).toBe(grids[0]);
      expect(readGrid(await viewVariant(tall, spec))).toBe(grids[1]);
    },
  );

  it.each([
    ["auto", "left"],
    ["auto", "right"],
    ["entropy", "left"],
    ["entropy", "right"],
  ] as const)("finds by g_%s the only thing there is to see, on the %s", async (gravity, side) => {
    const blank = side === "left" ? "right" : "left";
    const original = await sharp(photo)
      .extend({ [blank]: 600, background: "white" })
      .png()
      .toBuffer();
    const image = await viewVariant(original, `w_50,h_50,g_${gravity}`);
    expect([image.width, image.height]).toEqual([50, 50]);
    // attention puts its spot in the middle, so some of the blank may be beside it
    expect(readGrid(image)).not.toBe("WW/WW");
    expect(readGrid(await viewVariant(original, "w_50,h_50"))).toBe("WW/WW");
  });

  it.each([
    ["north_west", "R../.../..."],
    ["north", ".R./.../..."],
    ["north_east", "..R/.../..."],
    ["west", ".../R../..."],
    ["center", ".../.R./..."],
    ["east", ".../..R/..."],
    ["south_west", ".../.../R.."],
    ["south", ".../.../.R."],
    ["south_east", ".../.../..R"],
    ["0x0.5", ".../R../..."],
    ["auto", ".../.R./..."],
  ])("places under lpad by g_%s at %s", async (gravity, grid) => {
    const image = await viewVariant(square, `w_180,h_180,c_lpad,g_${gravity}`);
    expect([image.width, image.height]).toEqual([180, 180]);
    expect(readGrid(image, { columns: 3, rows: 3, probe: 0.25 })).toBe(grid);
  });

  it.each([
    ["north", "RG/BY/../.."],
    ["center", "../RG/BY/.."],
    ["south", "../../RG/BY"],
  ])("enlarges under pad, and places by g_%s as %s", async (gravity, grid) => {
    const image = await viewVariant(wide, `w_160,h_160,c_pad,g_${gravity}`);
    expect([image.width, image.height]).toEqual([160, 160]);
    expect(readGrid(image, { rows: 4 })).toBe(grid);
  });

  it("extends to a ratio", async () => {
    const image = await viewVariant(wide, "ar_1:1,c_pad");
    expect([image.width, image.height]).toEqual([80, 80]);
    expect(readGrid(image, { rows: 4 })).toBe("../RG/BY/..");
  });

  it.each([
    ["crop_0_0_20_20", "20x20", "RR/RR"],
    ["crop_40_0_40_40", "40x40", "GG/YY"],
    ["crop_0.5_0.5_0.5_0.5", "40x20", "YY/YY"],
    ["crop_60_20_60_60", "20x20", "YY/YY"],
    ["crop_20_0_40_40,w_20", "20x20", "RG/BY"],
    ["crop_40_0_40_40,w_10,h_20", "10x20", "GG/YY"],
    ["crop_20_0_60_40,w_20,h_20,g_west", "20x20", "RG/BY"],
    ["crop_20_0_60_40,w_20,h_20,g_east", "20x20", "GG/YY"],
    ["crop_0_20_80_20,w_20,h_20,g_auto", "20x20", undefined],
    ["crop_0_0_40_20,w_100,h_20,c_fill", "100x20", "RR/RR"],
    ["crop_0_0_40_40,w_80,h_40,c_pad,g_west", "80x40", "R./B."],
  ])("crops first: %s gives %s of %s", async (spec, size, grid) => {
    const image = await viewVariant(wide, spec);
    expect(`${image.width}x${image.height}`).toBe(size);
    if (grid) expect(readGrid(image)).toBe(grid);
    else expect(readGrid(image)).not.toMatch(/[RG]/);
  });

  const decoded: Readonly<Record<ImageFormat, string>> = {
    jpg: "jpeg",
    png: "png",
    webp: "webp",
    avif: "heif",
    gif: "gif",
  };

  it.each(IMAGE_FORMATS)("encodes %s", async (format) => {
    const result = await makeVariant(wide, "w_40", format);
    const { format: actual, width, height } = await sharp(result.bytes).metadata();
    expect([actual, width, height]).toEqual([decoded[format], 40, 20]);
    expect([result.width, result.height]).toEqual([40, 20]);
    expect(readGrid(await viewVariant(result.bytes, ""))).toBe("RG/BY");
  });

  it("encodes avif as AV1, and png with all its colours", async () => {
    const avif = await makeVariant(wide, "w_40", "avif");
    expect((await sharp(avif.bytes).metadata()).compression).toBe("av1");
    const png = await makeVariant(photo, "q_10", "png");
    expect((await sharp(png.bytes).metadata()).isPalette).toBe(false);
  });

  it.each(["jpg", "webp", "avif"] as const)(
    "makes %s smaller with less quality",
    async (format) => {
      const specs = ["q_95", "q_auto:best", "", "q_auto:eco", "q_auto:low", "q_10"];
      const results = await Promise.all(specs.map((spec) => makeVariant(photo, spec, format)));
      const sizes = results.map(({ bytes }) => bytes.length);
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      expect(new Set(sizes).size).toBe(specs.length);
    },
  );

  it.each(["webp", "avif"] as const)("keeps alpha in %s", async (format) => {
    const original = await drawGrid("R.", 40, 40).png().toBuffer();
    const { bytes } = await makeVariant(original, "", format);
    expect(readGrid(await viewVariant(bytes, ""))).toBe("R./R.");
  });

  it("comes close to the original", async () => {
    const before = await viewVariant(photo, "");
    const after = await viewVariant(photo, "q_95", "jpg");
    expect(distance(before.at(0.25, 0.25), after.at(0.25, 0.25))).toBeLessThan(25);
  });
});
