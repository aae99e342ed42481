import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Decoded, Rgba } from "../../support/images.ts";
import { RED, distance, drawGrid, drawQuadrants, readGrid } from "../../support/images.ts";
import { viewVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(80, 40).png().toBuffer();
/** Transparent pixels have a colour as well: here it is blue, and should never be seen. */
const half = await sharp({
  create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 0 } },
})
  .composite([{ input: await drawGrid("R", 20, 40).png().toBuffer(), left: 0, top: 0 }])
  .png()
  .toBuffer();
const translucent = await sharp({
  create: { width: 40, height: 40, channels: 4, background: { r: 200, g: 100, b: 50, alpha: 0.5 } },
})
  .png()
  .toBuffer();

const COLOR_EFFECTS = [
  "e_brightness:20",
  "e_contrast:20",
  "e_saturation:20",
  "e_hue:20",
  "e_gamma:2",
  "e_sepia",
  "e_tint:ff0000",
  "e_grayscale",
  "e_negate",
];

/** The pixels of a row that are neither here nor there. */
function countSoft({ width, at }: Decoded): number {
  const alphas = Array.from({ length: width }, (_, x) => at((x + 0.5) / width, 0.36)[3]);
  return alphas.filter((alpha) => alpha > 20 && alpha < 235).length;
}

describe("transformImage", () => {
  it.each([...COLOR_EFFECTS, "e_sharpen", "e_sharpen:50"])(
    "leaves alpha alone under %s",
    async (spec) => {
      const image = await viewVariant(half, spec);
      expect([image.at(0.25, 0.5)[3], image.at(0.49, 0.5)[3]]).toEqual([255, 255]);
      expect([image.at(0.51, 0.5)[3], image.at(0.75, 0.5)[3]]).toEqual([0, 0]);
      expect((await viewVariant(translucent, spec)).at(0.5, 0.5)[3]).toBe(128);
    },
  );

  it.each([
    ["e_negate", [55, 155, 205, 128]],
    ["e_grayscale", [128, 128, 128, 128]],
    ["e_sepia", [165, 147, 114, 128]],
    ["e_blur", [200, 100, 50, 128]],
    ["e_sharpen", [200, 100, 50, 128]],
    ["e_pixelate:7", [200, 100, 50, 128]],
  ] as const)(
    "changes the colours of what is translucent under %s to %j",
    async (spec, expected) => {
      expect(distance((await viewVariant(translucent, spec)).at(0.5, 0.5), expected)).toBeLessThan(
        4,
      );
    },
  );

  it.each(["e_blur:150", "e_pixelate:16", "e_blur:50,e_pixelate:16"])(
    "does not let the colour of transparent pixels bleed under %s",
    async (spec) => {
      const image = await viewVariant(half, spec);
      const [red, green, blue, alpha] = image.at(0.52, 0.5);
      expect(distance([red, green, blue, 255], [255, 0, 0, 255])).toBeLessThan(6);
      expect(alpha).toBeGreaterThan(20);
      expect(alpha).toBeLessThan(150);
    },
  );

  const orange: Rgba = [255, 136, 0, 255];

  it.each([
    ["a_45,b_ff8800,e_negate", "png", 0, 0],
    ["a_45,b_ff8800,e_negate", "jpg", 0, 0],
    ["a_45,b_ff8800,e_grayscale,e_blur:100", "png", 0, 0],
    ["w_80,h_80,c_pad,b_ff8800,e_sepia", "png", 0.5, 0.1],
    ["w_80,h_80,c_pad,b_ff8800,e_blur:50", "jpg", 0.5, 0.15],
    ["r_20,b_ff8800,e_negate", "png", 0, 0],
    ["r_max,b_ff8800,e_tint:0000ff", "jpg", 0, 0],
    ["w_80,h_80,c_pad,r_20,b_ff8800,e_negate", "webp", 0.5, 0.1],
  ] as const)("shows the background under %s in %s as it was given", async (spec, format, x, y) => {
    const image = await viewVariant(wide, spec, format);
    expect(distance(image.at(x, y), orange)).toBeLessThan(20);
  });

  it.each(["png", "jpg"] as const)(
    "shows it through alpha as it was given, in %s",
    async (format) => {
      for (const spec of [
        "b_ff8800,e_negate",
        "b_ff8800,e_negate,w_20,flip_v",
        "b_ff8800,e_negate,a_90",
      ]) {
        const image = await viewVariant(half, spec, format);
        const [x, y] = spec.includes("a_90") ? [0.5, 0.75] : [0.75, 0.5];
        expect(distance(image.at(x, y), orange), spec).toBeLessThan(10);
        expect(
          distance(image.at(y === 0.5 ? 0.25 : 0.5, y === 0.5 ? 0.5 : 0.25), [0, 255, 255, 255]),
        ).toBeLessThan(10);
      }
    },
  );

  it("lays a changed image on a translucent background", async () => {
    const image = await viewVariant(half, "b_ff880080,e_negate", "png");
    expect(distance(image.at(0.75, 0.5), [255, 136, 0, 128])).toBeLessThan(3);
    expect(distance(image.at(0.25, 0.5), [0, 255, 255, 255])).toBeLessThan(3);
  });

  it("rotates before it blurs: the corners stay clear, and edges are soft", async () => {
    const image = await viewVariant(wide, "a_45,e_blur:150");
    expect(image.at(0, 0)[3]).toBe(0);
    expect(countSoft(image)).toBeGreaterThan(8);
    expect(countSoft(await viewVariant(wide, "a_45"))).toBeLessThan(5);
  });

  it("pads after effects: nothing of the padding is blurred into", async () => {
    const image = await viewVariant(wide, "w_80,h_80,c_pad,e_blur:250,b_white");
    expect(readGrid(image, { rows: 4 })).toBe("WW/RG/BY/WW");
    expect(image.at(0.25, 0.24)).toEqual([255, 255, 255, 255]);
    expect(distance(image.at(0.25, 0.26), RED)).toBeLessThan(5);
  });
});
