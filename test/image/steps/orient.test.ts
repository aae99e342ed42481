import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orient, planAsStored } from "../../../src/image/steps/orient.ts";
import type { Pixels } from "../../../src/image/sharp/pixels.ts";
import { fromPixels, materialize, toPixels } from "../../../src/image/sharp/pixels.ts";
import { scale } from "../../../src/image/steps/scale.ts";
import type { Region, Size } from "../../../src/image/plan/sizes.ts";
import { chooseRuns } from "../../support/runs.ts";

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
  it("finds what a plan has of an upright image in the image as it is stored", async () => {
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
        const image = await orient(fromPixels(stored), orientation);
        const meant = await toPixels(await scale({ image, size }, plan));
        const source = { image: fromPixels(stored), size: { width: across, height: down } };
        const found = await scale(source, planAsStored(plan, size, orientation));
        expect(await toPixels(await orient(await materialize(found), orientation))).toEqual(meant);
      }),
      { numRuns: chooseRuns(20, 60) },
    );
  });
});
