import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { orient, planAsStored } from "../../src/image/orientation.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { fromPixels, settle, toPixels } from "../../src/image/pixels.ts";
import { scale } from "../../src/image/scale.ts";
import type { Region, Size } from "../../src/image/sizes.ts";
import type { TransformSpec } from "../../src/transform/spec.ts";
import { difference, make, photo } from "./shared-pictures.ts";

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const regionIn = ({ width, height }: Size): fc.Arbitrary<Region> =>
  fc
    .tuple(fc.integer({ min: 1, max: width }), fc.integer({ min: 1, max: height }))
    .chain(([across, down]) =>
      fc.record({
        left: fc.nat(width - across),
        top: fc.nat(height - down),
        width: fc.constant(across),
        height: fc.constant(down),
      }),
    );

describe("planAsStored", () => {
  it("finds what a plan has of an upright picture in the picture as it is stored", async () => {
    const side = fc.integer({ min: 1, max: 30 });
    const upright = fc.record({ width: side, height: side });
    const cases = upright.chain((size) =>
      fc.record({
        size: fc.constant(size),
        region: regionIn(size),
        orientation: fc.constantFrom(...ORIENTATIONS),
        isCrop: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, region, orientation, isCrop }) => {
        const { width, height } = size;
        const [across, down] = orientation < 5 ? [width, height] : [height, width];
        const data = randomFillSync(Buffer.alloc(width * height * 3));
        const stored: Pixels = { data, width: across, height: down, channels: 3 };
        const plan = isCrop
          ? { crop: region, resize: { width: region.width, height: region.height } }
          : { resize: size, cut: region };
        const meant = await toPixels(scale(await orient(fromPixels(stored), orientation), plan));
        const found = scale(fromPixels(stored), planAsStored(plan, size, orientation));
        expect(await toPixels(await orient(await settle(found), orientation))).toEqual(meant);
      }),
      { numRuns: 60 },
    );
  });
});

describe("transformImage of a picture that lies on its side", () => {
  const crop = { unit: "pixel", x: 101, y: 53, width: 333, height: 222 } as const;
  it.each<TransformSpec>([
    { crop },
    { crop, width: 90 },
    { crop, width: 60, height: 60, mode: "fill", gravity: "south" },
    { crop, width: 90, rotate: 90, flip: "h" },
    { crop, width: 90, height: 90, mode: "pad", radius: 20, blur: 100 },
    { width: 70, height: 70, mode: "fill" },
    { width: 90, height: 40, mode: "fill", gravity: "north_east" },
    { width: 40, height: 90, mode: "fill", gravity: "west" },
    { width: 200, height: 260, mode: "fill", gravity: "south_west" },
    { width: 440, height: 440, mode: "fill", gravity: "east" },
  ])("makes what it would make if it were upright: %j", async (spec) => {
    for (const orientation of ORIENTATIONS) {
      const picture = sharp(photo).resize(800, 450, { fit: "fill" }).withMetadata({ orientation });
      const stored = await picture.jpeg({ quality: 95 }).toBuffer();
      const upright = await sharp(stored, { autoOrient: true }).png().toBuffer();
      const [made, meant] = await Promise.all(
        [stored, upright].map((bytes) => make({ bytes, spec, format: "png" })),
      );
      // of this much grain; where an eighth or a quarter of a side is no whole number, half a pixel goes astray
      expect(await difference(made ?? stored, meant ?? stored)).toBeLessThan(3);
    }
  });
});
