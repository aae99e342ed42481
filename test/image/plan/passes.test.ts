import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findScale, planPasses } from "../../../src/image/plan/passes.ts";

describe("planPasses", () => {
  it("reduces by less than four at a time, and never enlarges", () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(side, side, side, side, (width, height, across, down) => {
        const { coarse, reduced } = planPasses({ width, height }, { width: across, height: down });
        let from = { width, height };
        for (const to of [...coarse, reduced]) {
          for (const each of ["width", "height"] as const) {
            expect(to[each]).toBeLessThanOrEqual(from[each]);
            expect(from[each] / to[each]).toBeLessThan(4);
          }
          from = to;
        }
        expect(reduced).toEqual({ width: Math.min(width, across), height: Math.min(height, down) });
        expect(coarse.length).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe("findScale", () => {
  it("moves the far end of a side by less than a sixteenth of a pixel", () => {
    const eighths = fc.integer({ min: 9, max: 40_000 });
    fc.assert(
      fc.property(eighths, fc.double({ min: 0.02, max: 0.95, noNaN: true }), (count, factor) => {
        const length = count / 8;
        const target = Math.max(1, Math.round(length * factor));
        const { from, to } = findScale(length, target);
        const added = from - Math.ceil(length);
        expect(added).toBeGreaterThanOrEqual(0);
        expect(added).toBeLessThanOrEqual(1024);
        expect(to).toBeGreaterThanOrEqual(target);
        // position of the end of the side, among `to` pixels
        expect(Math.abs((length * to) / from - target)).toBeLessThan(1 / 16);
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves a whole side as it is", () => {
    expect(findScale(400, 37)).toEqual({ from: 400, to: 37 });
  });
});
