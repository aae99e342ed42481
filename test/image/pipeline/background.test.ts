import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Rgba } from "../../support/images.ts";
import { decode, distance, drawGrid, drawQuadrants, readGrid } from "../../support/images.ts";
import { makeVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(80, 40).png().toBuffer();
const half = await drawGrid("R./R.", 40, 40).png().toBuffer();
const translucent = await sharp({
  create: { width: 40, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
})
  .png()
  .toBuffer();

async function probe(
  bytes: Uint8Array,
  ...[spec, format, x = 0.5, y = 0.5]: [
    string,
    "jpg" | "png" | "webp" | "avif" | "gif",
    number?,
    number?,
  ]
): Promise<Rgba> {
  const result = await makeVariant(bytes, spec, format);
  return (await decode(result.bytes)).at(x, y);
}

describe("transformImage", () => {
  it.each([
    ["png", "", "../RG/BY/.."],
    ["webp", "", "../RG/BY/.."],
    ["avif", "", "../RG/BY/.."],
    ["gif", "", "../RG/BY/.."],
    ["jpg", "", "WW/RG/BY/WW"],
    ["jpg", ",b_00ffff", "CC/RG/BY/CC"],
    ["png", ",b_00ffff", "CC/RG/BY/CC"],
    ["webp", ",b_black", "KK/RG/BY/KK"],
    ["png", ",b_ff000000", "../RG/BY/.."],
    ["jpg", ",b_ff000000", "WW/RG/BY/WW"],
    ["png", ",b_00ffff,g_north", "RG/BY/CC/CC"],
    ["png", ",b_00ffff,g_south", "CC/CC/RG/BY"],
    ["png", ",b_00ffff,flip_v,g_south", "CC/CC/BY/RG"],
  ] as const)("pads %s%s as %s", async (format, rest, grid) => {
    const { bytes } = await makeVariant(wide, `w_160,h_160,c_pad${rest}`, format);
    expect(readGrid(await decode(bytes), { rows: 4 })).toBe(grid);
  });

  it.each([
    ["png", [0, 0, 255, 128]],
    ["webp", [0, 0, 255, 128]],
    ["jpg", [127, 127, 255, 255]],
  ] as const)("pads %s with a translucent background of %j", async (format, expected) => {
    const spec = "w_160,h_160,c_pad,b_0000ff80";
    expect(distance(await probe(wide, spec, format, 0.5, 0.1), expected)).toBeLessThan(10);
    expect(distance(await probe(wide, spec, format, 0.25, 0.375), [255, 0, 0, 255])).toBeLessThan(
      10,
    );
  });

  it.each([
    ["png", "", "R./R."],
    ["webp", "", "R./R."],
    ["avif", "", "R./R."],
    ["gif", "", "R./R."],
    ["jpg", "", "RW/RW"],
    ["jpg", "b_00ffff", "RC/RC"],
    ["png", "b_00ffff", "RC/RC"],
    ["webp", "b_00ffff", "RC/RC"],
    ["png", "b_00ffff,flip_h", "CR/CR"],
    ["png", "b_00ffff,w_20,h_10", "RC/RC"],
    ["png", "flip_h,w_20,h_10", ".R/.R"],
    ["png", "a_90", "RR/.."],
    ["jpg", "a_90", "RR/WW"],
  ] as const)("shows in %s under %s what is behind the image: %s", async (format, spec, grid) => {
    const { bytes } = await makeVariant(half, spec, format);
    expect(readGrid(await decode(bytes))).toBe(grid);
  });

  it.each([
    ["png", "", [255, 0, 0, 128]],
    ["webp", "", [255, 0, 0, 128]],
    ["avif", "", [255, 0, 0, 128]],
    ["jpg", "", [255, 127, 127, 255]],
    ["jpg", "b_blue", [128, 0, 127, 255]],
    ["png", "b_blue", [128, 0, 127, 255]],
    ["png", "b_blue,w_20,flip_h,a_90", [128, 0, 127, 255]],
    // half red over half blue: three quarters opaque, two thirds of that red
    ["png", "b_0000ff80", [170, 0, 85, 192]],
    ["jpg", "b_0000ff80", [191, 64, 127, 255]],
  ] as const)("blends a translucent image in %s under %s to %j", async (format, spec, expected) => {
    expect(distance(await probe(translucent, spec, format), expected)).toBeLessThan(10);
  });

  it("does not let the colour of transparent pixels bleed into the edges when resizing", async () => {
    const original = await drawGrid("R.".repeat(20), 40, 40).png().toBuffer();
    const [red, green, blue, alpha] = await probe(original, "w_10", "png");
    expect(distance([red, green, blue, 255], [255, 0, 0, 255])).toBeLessThan(10);
    expect(alpha).toBeGreaterThan(100);
    expect(alpha).toBeLessThan(155);
  });

  it("has no alpha where it was flattened", async () => {
    const { bytes } = await makeVariant(half, "b_00ffff", "png");
    expect(readGrid(await decode(bytes))).not.toContain(".");
  });
});
