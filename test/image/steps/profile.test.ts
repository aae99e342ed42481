import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { distance, drawQuadrants, readGrid } from "../../support/images.ts";
import { insertIntoPng, latin1, pngChunk } from "../../support/image/hostile.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

const background = { r: 200, g: 100, b: 50 };
const brick = sharp({ create: { width: 40, height: 20, channels: 3, background } });
const originals: [name: string, bytes: Buffer][] = [
  ["jpeg", await brick.clone().withIccProfile("p3").jpeg({ quality: 100 }).toBuffer()],
  ["16-bit png", await brick.clone().toColourspace("rgb16").withIccProfile("p3").png().toBuffer()],
  ["webp", await brick.clone().withIccProfile("p3").webp({ lossless: true }).toBuffer()],
];

function toRaw(bytes: Uint8Array): Promise<Buffer> {
  return sharp(bytes, { ignoreIcc: true }).toColourspace("srgb").raw().toBuffer();
}

function words(...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => Buffer.from(value.toString(16).padStart(8, "0"), "hex")),
  );
}

/** The smallest profile for grey: a gamma of 1.8, and the white of D50 (ICC.1:2022). */
function writeGrayProfile(): Buffer {
  const header = Buffer.alloc(128);
  header.writeUInt32BE(128 + 4 + 24 + 20 + 16);
  header.write("lcms\x02\x40\0\0mntrGRAYXYZ ", 4, "latin1");
  header.write("acsp", 36, "latin1");
  header.write("0000f6d6000100000000d32d", 68, "hex");
  const tags = [words(2), latin1("wtpt"), words(156, 20), latin1("kTRC"), words(176, 14)];
  const white = [latin1("XYZ "), words(0, 0xf6d6, 0x10000, 0xd32d)];
  const curve = [latin1("curv"), words(0, 1), Buffer.from("01cd0000", "hex")];
  return Buffer.concat([header, ...tags, ...white, ...curve]);
}

async function drawGrayWithProfile(): Promise<Buffer> {
  const gray = { create: { width: 40, height: 20, channels: 3, background: "#646464" } } as const;
  const png = await sharp(gray).toColourspace("b-w").png().toBuffer();
  const content = Buffer.concat([latin1("gray\0\0"), deflateSync(writeGrayProfile())]);
  return insertIntoPng(png, [pngChunk("iCCP", content)]);
}

describe("transformImage under fl_keep_icc", () => {
  const rows = [
    "q_90",
    "w_20",
    "flip_h",
    "a_90,w_10",
    "a_30",
    "w_40,h_40,c_pad",
    "e_blur",
    "r_5,w_20",
    "trim_0",
  ];

  it.each(["jpg", "png", "webp", "avif"] as const)(
    "keeps the profile of an original, and its levels, in %s",
    async (format) => {
      const original = await brick.clone().withIccProfile("p3").png().toBuffer();
      const { icc } = await sharp(original).metadata();
      const before = [...(await toRaw(original)).subarray(0, 3)];
      expect(before[0]).toBeLessThan(195);
      for (const spec of rows) {
        const { bytes, width, height } = await makeVariant(original, `fl_keep_icc,${spec}`, format);
        expect(icc && (await sharp(bytes).metadata()).icc?.equals(icc), spec).toBe(true);
        const raw = await sharp(bytes, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
        const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
        const [r = 0, g = 0, b = 0] = raw.subarray(middle);
        expect(distance([r, g, b, 255], [187, 105, 61, 255]), spec).toBeLessThan(7);
        expect((await makeVariant(original, spec, format)).bytes.length).toBeLessThan(bytes.length);
      }
    },
  );

  it.each(originals)("shows a %s in the colours that it has", async (_, original) => {
    for (const spec of ["w_20", "flip_h,w_20", "a_30"]) {
      const image = await viewVariant(original, `fl_keep_icc,${spec}`, "png");
      expect(distance(image.at(0.5, 0.5), [200, 100, 50, 255]), spec).toBeLessThan(5);
    }
  });

  it.each([
    ["jpg", "q_80", true],
    ["png", "flip_h", true],
    ["png", "b_808080", true],
    ["png", "e_sepia", false],
    ["jpg", "b_ff0000", false],
    ["webp", "q_80", false],
  ] as const)("keeps the profile of grey in %s under %s: %j", async (format, spec, expected) => {
    const grey = await drawGrayWithProfile();
    const { icc, space } = await sharp(grey).metadata();
    expect([icc?.toString("latin1", 16, 20), space]).toEqual(["GRAY", "b-w"]);
    const { bytes } = await makeVariant(grey, `fl_keep_icc,${spec}`, format);
    const after = await sharp(bytes).metadata();
    expect(Boolean(icc && after.icc?.equals(icc))).toBe(expected);
    expect(after.space).toBe(expected ? "b-w" : "srgb");
    const [level = 0] = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    // as it is in the profile, or what that makes of it in sRGB
    if (expected) expect(Math.abs(level - 100)).toBeLessThan(2);
    else if (spec === "q_80") expect(level).toBeGreaterThan(108);
  });

  it("has nothing to keep of CMYK, of sRGB without a profile, and in GIF", async () => {
    const cmyk = await brick.clone().toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).hasProfile).toBe(true);
    const p3 = await brick.clone().withIccProfile("p3").png().toBuffer();
    const plain = await drawQuadrants(40, 20).png().toBuffer();
    for (const [original, format] of [
      [cmyk, "png"],
      [plain, "webp"],
      [p3, "gif"],
    ] as const) {
      const kept = await makeVariant(original, "fl_keep_icc,w_20", format);
      const { icc, space } = await sharp(kept.bytes).metadata();
      expect([icc, space]).toEqual([undefined, "srgb"]);
      const { bytes } = await makeVariant(original, "w_20", format);
      expect(Buffer.from(kept.bytes).equals(bytes)).toBe(true);
    }
    expect(readGrid(await viewVariant(plain, "fl_keep_icc"))).toBe("RG/BY");
  });
});
