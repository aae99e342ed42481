import type { Rgba } from "../../support/images.ts";
import { describe, expect, it } from "vitest";
import {
  BLUE,
  GREEN,
  RED,
  YELLOW,
  WHITE,
  decode,
  distance,
  drawGrid,
  drawQuadrants,
  readGrid,
} from "../../support/images.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(80, 40).png().toBuffer();

/** How a camera that is held in each way stores what is upright RG/BY, 80×40. */
const ORIENTATIONS = [
  [1, "RG/BY"],
  [2, "GR/YB"],
  [3, "YB/GR"],
  [4, "BY/RG"],
  [5, "RB/GY"],
  [6, "GY/RB"],
  [7, "YG/BR"],
  [8, "BR/YG"],
] as const;

function drawOriented(orientation: number, stored: string): Promise<Buffer> {
  const [width, height] = orientation < 5 ? [80, 40] : [40, 80];
  return drawGrid(stored, width, height)
    .flatten()
    .withMetadata({ orientation })
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

describe("transformImage", () => {
  it.each(ORIENTATIONS)("turns EXIF orientation %i upright", async (orientation, stored) => {
    const image = await viewVariant(await drawOriented(orientation, stored), "");
    expect([image.width, image.height]).toEqual([80, 40]);
    expect(readGrid(image)).toBe("RG/BY");
  });

  it.each(ORIENTATIONS)("crops and cuts orientation %i upright", async (orientation, stored) => {
    const original = await drawOriented(orientation, stored);
    const cropped = await viewVariant(original, "crop_0_0_40_40,w_10");
    expect([cropped.width, cropped.height]).toEqual([10, 10]);
    expect(readGrid(cropped)).toBe("RR/BB");
    const cut = await viewVariant(original, "w_20,h_20,g_east");
    expect([cut.width, cut.height]).toEqual([20, 20]);
    expect(readGrid(cut)).toBe("GG/YY");
    const turned = await viewVariant(original, "w_40,flip_v,a_90");
    expect([turned.width, turned.height]).toEqual([20, 40]);
    expect(readGrid(turned)).toBe("RB/GY");
  });

  it.each(ORIENTATIONS)(
    "leaves orientation %i as it is when told to",
    async (orientation, stored) => {
      const { bytes } = await makeVariant(
        await drawOriented(orientation, stored),
        "a_ignore",
        "jpg",
      );
      const image = await decode(bytes);
      expect([image.width, image.height]).toEqual(orientation < 5 ? [80, 40] : [40, 80]);
      expect(readGrid(image)).toBe(stored);
    },
  );

  it.each([
    ["flip_h", "GR/YB"],
    ["flip_v", "BY/RG"],
    ["flip_hv", "YB/GR"],
    ["a_180", "YB/GR"],
    ["flip_h,w_40,h_40,g_west", "RR/BB"],
    ["crop_0_0_40_40,flip_h", "RR/BB"],
    ["crop_20_0_60_40,flip_hv", "YB/GR"],
  ])("mirrors and rotates under %s to %s", async (spec, grid) => {
    expect(readGrid(await viewVariant(wide, spec))).toBe(grid);
  });

  it.each([
    ["a_90", "BR/YG"],
    ["a_270", "GY/RB"],
    ["flip_h,a_90", "YG/BR"],
    ["flip_v,a_90", "RB/GY"],
    ["flip_hv,a_90", "GY/RB"],
    ["flip_h,a_270", "RB/GY"],
  ])("turns on its side under %s to %s, after mirroring", async (spec, grid) => {
    const image = await viewVariant(wide, `w_40,${spec}`);
    expect([image.width, image.height]).toEqual([20, 40]);
    expect(readGrid(image)).toBe(grid);
  });

  it("rotates after resizing, and pads after rotating", async () => {
    const cut = await viewVariant(wide, "w_20,h_40,g_west,a_90");
    expect([cut.width, cut.height]).toEqual([40, 20]);
    expect(readGrid(cut)).toBe("BR/BR");
    const padded = await viewVariant(wide, "w_40,h_40,c_pad,g_west,a_90");
    expect([padded.width, padded.height]).toEqual([40, 40]);
    expect(readGrid(padded, { columns: 4 })).toBe("BR../YG..");
  });

  const CORNERS: readonly (readonly [x: number, y: number])[] = [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const clear: Rgba = [0, 0, 0, 0];

  it.each([
    ["png", "", clear],
    ["webp", "", clear],
    ["avif", "", clear],
    ["gif", "", clear],
    ["jpg", "", WHITE],
    ["jpg", ",b_blue", BLUE],
    ["png", ",b_blue", BLUE],
    ["png", ",b_0000ff80", [0, 0, 255, 128]],
    ["jpg", ",b_0000ff80", [127, 127, 255, 255]],
  ] as const)("turns by 45 degrees in %s%s, with corners of %j", async (format, rest, expected) => {
    const { bytes } = await makeVariant(wide, `a_45${rest}`, format);
    const image = await decode(bytes);
    expect([image.width, image.height]).toEqual([85, 85]);
    for (const [x, y] of CORNERS) {
      const corner = image.at(x, y);
      if (expected[3] === 0) expect(corner[3]).toBeLessThan(8);
      else expect(distance(corner, expected)).toBeLessThan(format === "jpg" ? 16 : 8);
    }
    expect(distance(image.at(0.42, 0.25), RED)).toBeLessThan(30);
    expect(distance(image.at(0.75, 0.58), GREEN)).toBeLessThan(30);
    expect(distance(image.at(0.25, 0.42), BLUE)).toBeLessThan(30);
    expect(distance(image.at(0.58, 0.75), YELLOW)).toBeLessThan(30);
  });

  it("turns a small angle without losing the corners of the image", async () => {
    const image = await viewVariant(wide, "a_10");
    expect([image.width, image.height]).toEqual([86, 53]);
    expect(readGrid(image)).toBe("RG/BY");
  });
});
