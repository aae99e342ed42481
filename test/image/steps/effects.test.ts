import type { Sharp } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Rgba } from "../../support/images.ts";
import {
  WHITE,
  decode,
  distance,
  drawGrid,
  drawPhoto,
  drawQuadrants,
  readGrid,
} from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

const BRICK = { r: 200, g: 100, b: 50 };

function drawFlat(background: typeof BRICK): Sharp {
  return sharp({ create: { width: 20, height: 10, channels: 3, background } });
}

const brick = await drawFlat(BRICK).png().toBuffer();
const gray = await drawFlat({ r: 100, g: 100, b: 100 }).png().toBuffer();
const edge = await drawGrid("KW", 80, 40).png().toBuffer();
const wide = await drawQuadrants(80, 40).png().toBuffer();

const others: [name: string, bytes: Buffer, tolerance: number][] = [
  ["a 16-bit png", await drawFlat(BRICK).toColourspace("rgb16").png().toBuffer(), 3],
  // there and back through a profile for print loses a little
  ["a CMYK jpeg", await drawFlat(BRICK).toColourspace("cmyk").jpeg().toBuffer(), 32],
  ["a palette png", await drawFlat(BRICK).png({ palette: true }).toBuffer(), 3],
];

async function probe(bytes: Uint8Array, ...[spec, x = 0.5]: [string, number?]): Promise<Rgba> {
  return (await viewVariant(bytes, spec)).at(x, 0.5);
}

function listPixels(left: number, top: number, side: number): (readonly [number, number])[] {
  return Array.from({ length: side * side }, (_, index) => [
    left + (index % side),
    top + Math.floor(index / side),
  ]);
}

/** Levels of sRGB to light, and back (IEC 61966-2-1). */
function toLight(level: number): number {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function fromLight(light: number): number {
  return 255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
}

describe("transformImage", () => {
  it.each([
    ["e_contrast:50", [236, 86, 11]],
    ["e_contrast:-50", [164, 114, 89]],
    ["e_gamma:2", [226, 160, 113]],
    ["e_gamma:0.5", [157, 39, 10]],
    ["e_sepia", [165, 147, 114]],
    ["e_sepia:50", [183, 123, 82]],
    ["e_grayscale", [128, 128, 128]],
    ["e_negate", [55, 155, 205]],
    // in CIE LCh, as sharp's modulate
    ["e_brightness:-33", [147, 56, 5]],
    ["e_brightness:25", [241, 135, 83]],
    ["e_saturation:-99", [129, 128, 127]],
    ["e_saturation:-50", [170, 115, 90]],
    ["e_hue:180", [0, 148, 206]],
    // of equal lightness, with the hue of the tint
    ["e_tint:0000ff", [127, 75, 255]],
  ] as const)("changes brick under %s to %j", async (spec, expected) => {
    expect(distance(await probe(brick, spec), [...expected, 255]), spec).toBeLessThanOrEqual(3);
  });

  it.each(others)("changes the colours of %s", async (_, bytes, tolerance) => {
    expect(distance(await probe(bytes, "e_negate"), [55, 155, 205, 255])).toBeLessThan(tolerance);
    expect(distance(await probe(bytes, "e_sepia"), [165, 147, 114, 255])).toBeLessThan(tolerance);
    expect(distance(await probe(bytes, "e_blur"), [200, 100, 50, 255])).toBeLessThan(tolerance);
  });

  it.each(["b-w", "grey16"])("takes every effect on %s", async (space) => {
    const bytes = await sharp(gray).toColourspace(space).png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    const rows = [
      ["e_blur", 100, 100, 100],
      ["e_sharpen", 100, 100, 100],
      ["e_pixelate", 100, 100, 100],
      ["e_brightness:25", 126, 126, 126],
      ["e_contrast:50", 86, 86, 86],
      ["e_saturation:50", 100, 100, 100],
      ["e_hue:90", 100, 100, 100],
      ["e_gamma:2", 160, 160, 160],
      ["e_sepia", 135, 120, 94],
      ["e_tint:ff0000", 216, 0, 0],
      ["e_grayscale", 100, 100, 100],
      ["e_negate", 155, 155, 155],
    ] as const;
    for (const [spec, r, g, b] of rows) {
      expect(distance(await probe(bytes, spec), [r, g, b, 255]), spec).toBeLessThanOrEqual(2);
    }
  });

  it("leaves black and white as they are when tinting", async () => {
    expect(readGrid(await viewVariant(edge, "e_tint:ff0000"))).toBe("KW/KW");
  });

  // each pair would come out differently the other way round
  it.each([
    ["e_contrast:50,e_brightness:25", [255, 138, 60]],
    ["e_gamma:2,e_contrast:50", [245, 148, 53]],
    ["e_sepia,e_saturation:-99", [173, 154, 120]],
    ["e_negate,e_grayscale", [127, 127, 127]],
    ["e_negate,e_sepia", [90, 108, 141]],
    ["e_negate,e_gamma:2", [29, 95, 142]],
  ] as const)("runs %s in its own order", async (spec, expected) => {
    expect(distance(await probe(brick, spec), [...expected, 255])).toBeLessThanOrEqual(4);
  });

  it("gives the same bytes in whatever order effects are typed", async () => {
    const photo = await drawPhoto(60, 40);
    const typed = "e_negate,e_blur:50,e_gamma:2,a_45,e_sharpen,e_pixelate:3,e_hue:20,w_30".split(
      ",",
    );
    const { bytes } = await makeVariant(photo, typed.join(","));
    const turned = await makeVariant(photo, typed.toReversed().join(","));
    expect(Buffer.from(turned.bytes).equals(bytes)).toBe(true);
  });

  it("blurs by a sigma in pixels of the result", async () => {
    // the light of an edge at one sigma from it: the integral of a Gaussian, 0.16
    for (const [spec, sigma] of [
      ["e_blur:250", 5],
      ["w_40,e_blur:250", 5],
      ["e_blur:100", 2],
    ] as const) {
      const image = await viewVariant(edge, spec);
      const [level] = image.at(0.5 - (sigma - 0.5) / image.width, 0.5);
      expect(level / 255, spec).toBeGreaterThan(0.1);
      expect(level / 255, spec).toBeLessThan(0.25);
    }
    expect((await probe(edge, "e_blur:250", 0.02))[0]).toBeLessThan(3);
  });

  it("blurs with the largest sigma what is smaller than that", async () => {
    const [red] = await probe(edge, "e_blur:2000", 0.49);
    expect(red).toBeGreaterThan(90);
    expect(red).toBeLessThan(160);
    expect(await probe(brick, "w_1,h_1,e_blur:2000")).toEqual([200, 100, 50, 255]);
  });

  it("sharpens edges without halos of more than a tenth, and nothing that is even", async () => {
    const soft = await drawGrid("KW", 80, 40).linear(0.5, 64).blur(2).png().toBuffer();
    const at = async (spec: string, x: number): Promise<number> => (await probe(soft, spec, x))[0];
    const [dark, light] = [0.5 - 1.5 / 80, 0.5 + 1.5 / 80];
    for (const spec of ["e_sharpen", "e_sharpen:40"]) {
      expect(await at(spec, dark)).toBeLessThan((await at("q_80", dark)) - 1);
      expect(await at(spec, light)).toBeGreaterThan((await at("q_80", light)) + 1);
      expect(await at(spec, light)).toBeLessThanOrEqual((await at("q_80", light)) + 26);
    }
    expect(distance(await probe(brick, "e_sharpen:100"), [200, 100, 50, 255])).toBeLessThan(2);
  });

  it("fills blocks with their mean, those that are cut at the edges too", async () => {
    const stripes = await drawGrid("KW".repeat(5), 10, 10).png().toBuffer();
    const image = await viewVariant(stripes, "e_pixelate:4");
    const row = [0, 3, 4, 7, 8, 9].map((x) => image.at((x + 0.5) / 10, 0.95));
    expect(new Set(row.map(String))).toEqual(new Set(["128,128,128,255"]));
    const blocks = await viewVariant(edge, "w_40,h_20,e_pixelate:15");
    const levels = [0, 14, 15, 29, 30, 39].map((x) => blocks.at((x + 0.5) / 40, 0.9)[0]);
    expect(levels.map((level) => Math.round(level / 10))).toEqual([0, 0, 17, 17, 26, 26]);
    expect(await decode((await makeVariant(wide, "e_pixelate:200")).bytes)).toMatchObject({
      width: 80,
      height: 40,
    });
  });

  it.each([3, 4])("fills blocks of %i channels with about their mean", async (channels) => {
    const [width, height, side] = [103, 61, 9];
    const image = sharp(await drawPhoto(width, height));
    const drawn = channels === 4 ? image.ensureAlpha(0.6) : image;
    const original = await drawn.png().toBuffer();
    const [before, after] = [await decode(original), await viewVariant(original, "e_pixelate:9")];
    for (const [left, top] of [
      [0, 0],
      [45, 27],
      [99, 27],
      [45, 54],
      [99, 54],
    ] as const) {
      const pixels = listPixels(left, top, side).filter(([x, y]) => x < width && y < height);
      const colors = pixels.map(([x, y]) => before.at((x + 0.5) / width, (y + 0.5) / height));
      const mean = [0, 1, 2, 3].map(
        (channel) => colors.reduce((sum, color) => sum + (color[channel] ?? 0), 0) / colors.length,
      );
      const filled = pixels.map(([x, y]) => after.at((x + 0.5) / width, (y + 0.5) / height));
      expect(new Set(filled.map(String)).size).toBe(1);
      const [r = 0, g = 0, b = 0, alpha = 0] = mean;
      expect(distance(filled[0] ?? WHITE, [r, g, b, alpha])).toBeLessThan(12);
    }
  });

  it("turns every colour into the grey of its luminance, and keeps alpha", async () => {
    const [width, height] = [64, 8];
    const data = Buffer.from(
      Array.from({ length: width * height * 4 }, (_, at) => (at * 97) % 256),
    );
    const raw = { width, height, channels: 4 } as const;
    const image = await viewVariant(await sharp(data, { raw }).png().toBuffer(), "e_grayscale");
    for (let at = 0; at < width * height; at += 1) {
      const [r = 0, g = 0, b = 0, alpha = 0] = data.subarray(at * 4, at * 4 + 4);
      const light = 0.2126 * toLight(r) + 0.7152 * toLight(g) + 0.0722 * toLight(b);
      const level = Math.round(fromLight(light));
      const color = image.at(((at % width) + 0.5) / width, (Math.floor(at / width) + 0.5) / height);
      expect(distance(color, [level, level, level, alpha])).toBeLessThanOrEqual(1);
    }
  });
});
