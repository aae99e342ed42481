import type { Sharp } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { IMAGE_FORMATS } from "../../../src/transform/formats.ts";
import type { Rgba } from "../../support/images.ts";
import { decode, distance, drawGrid, drawQuadrants, readGrid } from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

/** Muted enough to be in every gamut. */
const BRICK: Rgba = [200, 100, 50, 255];

function drawBrick(): Sharp {
  const background = { r: BRICK[0], g: BRICK[1], b: BRICK[2] };
  return sharp({ create: { width: 40, height: 20, channels: 3, background } });
}

const originals: Readonly<Record<string, Buffer>> = {
  jpeg: await drawQuadrants(80, 40).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer(),
  "progressive jpeg": await drawQuadrants(80, 40).jpeg({ progressive: true }).toBuffer(),
  png: await drawQuadrants(80, 40).png().toBuffer(),
  "interlaced png": await drawQuadrants(80, 40).png({ progressive: true }).toBuffer(),
  "palette png": await drawQuadrants(80, 40).png({ palette: true }).toBuffer(),
  "16-bit png": await drawQuadrants(80, 40).toColourspace("rgb16").png().toBuffer(),
  webp: await drawQuadrants(80, 40).webp().toBuffer(),
  "lossless webp": await drawQuadrants(80, 40).webp({ lossless: true }).toBuffer(),
  gif: await drawQuadrants(80, 40).gif().toBuffer(),
  avif: await drawQuadrants(80, 40).avif({ effort: 0 }).toBuffer(),
  "12-bit avif": await drawQuadrants(80, 40).avif({ effort: 0, bitdepth: 12 }).toBuffer(),
};

/** With the largest difference that conversion may make. */
const colored: [name: string, bytes: Buffer, tolerance: number][] = [
  ["Display P3 png", await drawBrick().withIccProfile("p3").png().toBuffer(), 4],
  ["Display P3 jpeg", await drawBrick().withIccProfile("p3").jpeg().toBuffer(), 4],
  [
    "Display P3 webp",
    await drawBrick().withIccProfile("p3").webp({ lossless: true }).toBuffer(),
    4,
  ],
  [
    "Display P3 16-bit png",
    await drawBrick().toColourspace("rgb16").withIccProfile("p3").png().toBuffer(),
    4,
  ],
  ["16-bit png", await drawBrick().toColourspace("rgb16").png().toBuffer(), 2],
  // there and back through a profile for print loses a little
  ["CMYK jpeg", await drawBrick().toColourspace("cmyk").jpeg().toBuffer(), 32],
];

/** Each takes a way of its own through the steps. */
const SPECS = ["", "w_20", "flip_h", "a_180,w_40", "w_60,h_60,c_pad", "a_30"];

describe("transformImage", () => {
  it.each(Object.entries(originals))("reads a %s", async (_, bytes) => {
    expect(readGrid(await viewVariant(bytes, "w_40"))).toBe("RG/BY");
    expect(readGrid(await viewVariant(bytes, "w_40,flip_h", "webp"))).toBe("GR/YB");
    expect(readGrid(await viewVariant(bytes, "w_40,c_pad,h_40,b_white", "jpg"), { rows: 4 })).toBe(
      "WW/RG/BY/WW",
    );
  });

  it.each(colored)("converts a %s to sRGB, whatever is done to it", async (_, bytes, tolerance) => {
    for (const spec of SPECS) {
      const result = await makeVariant(bytes, spec, "png");
      const { space, icc, depth } = await sharp(result.bytes).metadata();
      expect({ space, icc, depth }).toEqual({ space: "srgb", icc: undefined, depth: "uchar" });
      const middle = (await decode(result.bytes)).at(0.5, 0.5);
      expect(distance(middle, BRICK), spec).toBeLessThanOrEqual(tolerance);
    }
  });

  it("is tested with a wide-gamut image whose numbers are not those of sRGB", async () => {
    const p3 = await drawBrick().withIccProfile("p3").png().toBuffer();
    const [red = 0] = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    expect(red).toBeLessThan(195);
  });

  it.each(["png", "jpg", "webp", "avif", "gif"] as const)(
    "keeps grey grey in %s",
    async (format) => {
      const grey = await sharp({
        create: { width: 40, height: 20, channels: 3, background: "#808080" },
      })
        .toColourspace("b-w")
        .png()
        .toBuffer();
      expect((await sharp(grey).metadata()).channels).toBe(1);
      for (const spec of [...SPECS, "b_00ff0080"]) {
        const image = await viewVariant(grey, spec, format);
        expect(distance(image.at(0.5, 0.5), [128, 128, 128, 255]), spec).toBeLessThan(6);
      }
    },
  );

  it("reads grey with alpha", async () => {
    const grey = await drawGrid("W.", 40, 20).toColourspace("b-w").png().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(2);
    expect(readGrid(await viewVariant(grey, "flip_h"))).toBe(".W/.W");
    expect(readGrid(await viewVariant(grey, "b_00ffff", "jpg"))).toBe("WC/WC");
    expect(readGrid(await viewVariant(grey, "w_40,h_40,c_pad"), { rows: 4 })).toBe("../W./W./..");
  });

  it.each(["jpeg", "png", "webp", "avif"] as const)(
    "leaves no metadata of a %s",
    async (format) => {
      const original = await drawQuadrants(40, 20)
        .withIccProfile("p3")
        .withExif({
          IFD0: { Copyright: "somebody" },
          IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 3230/100" },
        })
        .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
        .toFormat(format)
        .toBuffer();
      expect(Object.keys(await sharp(original).metadata())).toEqual(
        expect.arrayContaining(["exif", "icc", "xmp"]),
      );
      for (const output of IMAGE_FORMATS) {
        for (const spec of ["", "w_10,flip_h"]) {
          const { bytes } = await makeVariant(original, spec, output);
          const { exif, icc, xmp, iptc, orientation, comments } = await sharp(bytes).metadata();
          expect([exif, icc, xmp, iptc, orientation, comments].filter(Boolean)).toEqual([]);
        }
      }
    },
  );

  it.each(["gif", "webp"] as const)(
    "shows one frame of an animated %s when asked",
    async (format) => {
      const frames = ["RG/BY", "WW/WW", "CC/CC"].map((grid) =>
        drawGrid(grid, 40, 20).png().toBuffer(),
      );
      const original = await sharp(await Promise.all(frames), { join: { animated: true } })
        .toFormat(format)
        .toBuffer();
      expect((await sharp(original).metadata()).pages).toBe(3);
      for (const output of IMAGE_FORMATS) {
        const { bytes } = await makeVariant(original, "w_20,fl_still", output);
        const { width, height, pages = 1 } = await sharp(bytes).metadata();
        expect([width, height, pages]).toEqual([20, 10, 1]);
        expect(readGrid(await decode(bytes))).toBe("RG/BY");
      }
    },
  );
});
