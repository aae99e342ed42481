import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decode, drawPhoto, drawQuadrants } from "../../support/images.ts";
import { makeVariant } from "../../support/image/make-variant.ts";

const photo = await drawPhoto(120, 80);
const pixels = await sharp(photo).raw().toBuffer();

function toRaw(bytes: Uint8Array): Promise<Buffer> {
  return sharp(bytes, { ignoreIcc: true }).toColourspace("srgb").raw().toBuffer();
}

describe("transformImage", () => {
  it.each(["webp", "avif"] as const)("loses nothing in %s under fl_lossless", async (format) => {
    const lossless = await makeVariant(photo, "fl_lossless", format);
    expect((await toRaw(lossless.bytes)).equals(pixels)).toBe(true);
    const lossy = await makeVariant(photo, "q_90", format);
    expect((await toRaw(lossy.bytes)).equals(pixels)).toBe(false);
  });

  it.each(["webp", "avif"] as const)("keeps alpha exactly in %s", async (format) => {
    const original = await sharp(pixels, { raw: { width: 120, height: 80, channels: 3 } })
      .joinChannel(Buffer.from(pixels.filter((_, index) => index % 3 === 0)), {
        raw: { width: 120, height: 80, channels: 1 },
      })
      .png()
      .toBuffer();
    const { bytes } = await makeVariant(original, "fl_lossless", format);
    const [before, after] = [await toRaw(original), await toRaw(bytes)];
    const differ = after.filter((level, index) => index % 4 === 3 && level !== before[index]);
    expect(differ.length).toBe(0);
  });

  it.each([
    ["jpg", "fl_progressive", true],
    ["jpg", "q_70", false],
    ["jpg", "fl_progressive,q_70,flip_h", true],
    ["png", "fl_progressive", true],
    ["png", "w_40", false],
  ] as const)("writes %s under %s progressively: %j", async (format, spec, expected) => {
    const { bytes } = await makeVariant(photo, spec, format);
    expect((await sharp(bytes).metadata()).isProgressive ?? false).toBe(expected);
    expect((await decode(bytes)).width).toBeGreaterThan(0);
  });

  it("makes the same of a version, and of what is to be saved", async () => {
    const plain = await makeVariant(photo, "w_40", "webp");
    for (const spec of ["w_40,v_1", "w_40,fl_attachment"]) {
      expect(Buffer.from((await makeVariant(photo, spec, "webp")).bytes).equals(plain.bytes)).toBe(
        true,
      );
    }
  });

  it("keeps nothing of the density that the original was scanned at", async () => {
    const scanned = await drawQuadrants(80, 40).jpeg().withMetadata({ density: 300 }).toBuffer();
    for (const text of ["", "w_20", "w_20,flip_h"]) {
      const { bytes } = await makeVariant(scanned, text, "png");
      expect(Buffer.from(bytes).includes("pHYs")).toBe(false);
    }
  });
});
