import { decode as decodeBlurhash, isBlurhashValid } from "blurhash";
import sharp from "sharp";
import { thumbHashToAverageRGBA, thumbHashToRGBA } from "thumbhash";
import { describe, expect, it } from "vitest";
import type { Description } from "../../../src/image/output/description.ts";
import {
  decode,
  drawAnimation,
  drawGrid,
  drawPhoto,
  drawQuadrants,
  readGrid,
} from "../../support/images.ts";
import { makeVariant } from "../../support/image/make-variant.ts";

const wide = await drawQuadrants(800, 400).jpeg().toBuffer();

async function describeAs(
  bytes: Uint8Array,
  ...[spec = "", format = "json"]: [string?, ("json" | "thumbhash" | "blurhash")?]
): Promise<string> {
  const result = await makeVariant(
    bytes,
    spec === "" ? `f_${format}` : `f_${format},${spec}`,
    format,
  );
  return Buffer.from(result.bytes).toString();
}

async function describeJson(bytes: Uint8Array, spec?: string): Promise<Description> {
  return JSON.parse(await describeAs(bytes, spec)) as Description; // what this is about
}

const formats = [
  ["jpg", await drawQuadrants(80, 40).jpeg().toBuffer(), false],
  ["png", await drawGrid("R.", 80, 40).png().toBuffer(), true],
  ["webp", await drawQuadrants(80, 40).webp().toBuffer(), false],
  ["gif", await drawQuadrants(80, 40).gif().toBuffer(), false],
  ["avif", await drawQuadrants(80, 40).avif({ effort: 0 }).toBuffer(), false],
] as const;

describe("transformImage", () => {
  it.each(formats)("tells what a %s is", async (format, bytes, hasAlpha) => {
    expect(await describeJson(bytes)).toMatchObject({
      width: 80,
      height: 40,
      format,
      bytes: bytes.length,
      hasAlpha,
      animated: false,
      frames: 1,
    });
  });

  it.each(["gif", "webp"] as const)(
    "counts the frames of a %s, and describes the first",
    async (format) => {
      const clip = await drawAnimation(["R", "G", "B"], { width: 40, height: 20, format });
      expect(await describeJson(clip)).toMatchObject({
        animated: true,
        frames: 3,
        width: 40,
        height: 20,
        average: "ff0000",
      });
    },
  );

  it.each([
    ["R", "ff0000", "ff0000"],
    ["RRRB", "ff0000", "bf0040"],
    // transparent pixels have no colour
    ["R...", "ff0000", "ff0000"],
    ["....", "000000", "000000"],
  ])("tells the colours of %s: mostly %s, %s all in all", async (grid, dominant, average) => {
    const original = await drawGrid(grid, 80, 20).png().toBuffer();
    expect(await describeJson(original)).toMatchObject({ dominant, average });
  });

  it.each([
    ["crop_0_0_100_300", { width: 100, height: 300, average: "550000" }],
    ["crop_0.5_0.5_0.5_0.5", { width: 400, height: 200 }],
  ])("describes what %s leaves", async (spec, expected) => {
    const original = await drawGrid("R/K/K/K", 800, 400).png().toBuffer();
    expect(await describeJson(original, spec)).toMatchObject(expected);
  });

  it("describes what is left after trimming, and what is upright", async () => {
    const framed = await drawQuadrants(80, 40)
      .extend({ top: 9, left: 5, background: "white" })
      .png()
      .toBuffer();
    expect(await describeJson(framed, "trim_5")).toMatchObject({ width: 80, height: 40 });
    const lying = await drawGrid("GY/RB", 40, 80)
      .flatten()
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await describeJson(lying)).toMatchObject({ width: 80, height: 40 });
    expect(await describeJson(lying, "a_ignore")).toMatchObject({ width: 40, height: 80 });
    expect(await makeVariant(lying, "f_json", "json")).toMatchObject({ width: 80, height: 40 });
  });

  it("gives hashes and a tiny image that look like the original", async () => {
    const { thumbhash, blurhash, lqip } = await describeJson(wide);
    const thumb = thumbHashToRGBA(Buffer.from(thumbhash, "base64"));
    const { w: width, h: height } = thumb;
    const seen = [0.25, 0.75].map((x) => {
      const at = (Math.floor(height / 4) * width + Math.floor(x * width)) * 4;
      return Array.from(thumb.rgba.slice(at, at + 3), (level) => level > 127);
    });
    expect(seen).toEqual([
      [true, false, false],
      [false, true, false],
    ]);
    expect(isBlurhashValid(blurhash).result).toBe(true);
    const pixels = decodeBlurhash(blurhash, 8, 8);
    const [[red = 0, , blue = 0], [red2 = 0, , blue2 = 0]] = [
      pixels.slice(0, 3),
      pixels.slice(224, 227),
    ];
    expect([red > blue + 100, blue2 > red2 + 100]).toEqual([true, true]);
    const [type = "", data = ""] = lqip.split(",");
    expect(type).toBe("data:image/webp;base64");
    const image = await decode(Buffer.from(data, "base64"));
    expect([image.width, image.height]).toEqual([16, 8]);
    expect(readGrid(image)).toBe("RG/BY");
  });

  it("keeps the tiny image of a photograph under 300 bytes", async () => {
    const { lqip } = await describeJson(await drawPhoto(900, 900));
    expect(lqip.length).toBeLessThan(300);
  });

  it("gives the hashes by themselves", async () => {
    const { thumbhash, blurhash } = await describeJson(wide);
    expect(await describeAs(wide, "", "thumbhash")).toBe(thumbhash);
    expect(await describeAs(wide, "", "blurhash")).toBe(blurhash);
    expect(thumbHashToAverageRGBA(Buffer.from(thumbhash, "base64")).a).toBe(1);
    const clear = await describeAs(await drawGrid("R.", 40, 40).png().toBuffer(), "", "thumbhash");
    expect(thumbHashToAverageRGBA(Buffer.from(clear, "base64")).a).toBeLessThan(0.7);
  });

  it.each([
    [800, 400, "4x2"],
    [400, 800, "2x4"],
    [300, 300, "4x4"],
    [300, 200, "4x3"],
    [5000, 1, "4x1"],
    [1, 5000, "1x4"],
    [1, 1, "4x4"],
  ])("gives a blurhash of %i×%i %s components", async (width, height, components) => {
    const hash = await describeAs(
      await drawQuadrants(width, height).png().toBuffer(),
      "",
      "blurhash",
    );
    const size = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(hash[0] ?? "");
    expect(`${(size % 9) + 1}x${Math.floor(size / 9) + 1}`).toBe(components);
  });

  it.each(["b-w", "grey16", "rgb16", "cmyk"])("describes %s", async (space) => {
    const original = await sharp({
      create: { width: 30, height: 20, channels: 3, background: "#646464" },
    })
      .toColourspace(space)
      .toFormat(space === "cmyk" ? "jpeg" : "png")
      .toBuffer();
    const { average } = await describeJson(original);
    expect(Math.abs(Number.parseInt(average.slice(0, 2), 16) - 0x64)).toBeLessThan(12);
  });

  it("refuses what is no image as it would for an image", async () => {
    await expect(describeAs(Buffer.from("words"))).rejects.toMatchObject({
      code: "unsupported_original",
    });
    await expect(describeAs(wide.subarray(0, 900))).rejects.toMatchObject({
      code: "unusable_original",
    });
  });
});
