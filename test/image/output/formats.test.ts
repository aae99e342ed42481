import { describe, expect, it } from "vitest";
import { encodeImage, OUTPUTS } from "../../../src/image/output/formats.ts";
import type { FormatFeature, ImageFormat } from "../../../src/transform/formats.ts";
import { hasFeature, IMAGE_FORMATS } from "../../../src/transform/formats.ts";
import { drawQuadrants } from "../../support/images.ts";
import { listPackages } from "../../support/pages/packages.ts";

/** The formats that the grammar gives a feature. */
function listWith(feature: FormatFeature): readonly ImageFormat[] {
  return IMAGE_FORMATS.filter((format) => hasFeature(format, feature));
}

describe("OUTPUTS", () => {
  it("loads no sharp into the service, which plans by it", () => {
    for (const module of ["image/output/formats.ts", "image/pool/pool.ts"])
      expect(listPackages(module)).not.toContain("sharp");
    expect(listPackages("image/output/description.ts")).toContain("sharp");
  });

  it("has qualities and costs where the grammar has options for them", () => {
    for (const format of IMAGE_FORMATS) {
      const { qualities, cost } = OUTPUTS[format];
      expect([format, qualities !== undefined, cost.lossless !== undefined]).toEqual([
        format,
        hasFeature(format, "hasQuality"),
        hasFeature(format, "hasLossless"),
      ]);
    }
  });
});

describe("encodeImage", () => {
  it.each(IMAGE_FORMATS)("encodes %s, and may encode the same more than once", async (format) => {
    const image = drawQuadrants(40, 20);
    const [one, two] = [await encodeImage(image, { format }), await encodeImage(image, { format })];
    expect([one.width, one.height]).toEqual([40, 20]);
    expect(Buffer.from(two.bytes).equals(one.bytes)).toBe(true);
  });

  it.each(listWith("hasQuality"))("takes a level of %s for its number", async (format) => {
    const image = drawQuadrants(40, 20);
    const level = await encodeImage(image, { format, quality: "low" });
    const number = OUTPUTS[format].qualities?.low ?? 0;
    expect((await encodeImage(image, { format, quality: number })).bytes).toEqual(level.bytes);
  });
});
