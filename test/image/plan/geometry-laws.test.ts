import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { ImagePlan } from "../../../src/image/plan/geometry.ts";
import type { Region, Size } from "../../../src/image/plan/sizes.ts";
import { planGeometry } from "../../../src/image/plan/geometry.ts";
import { rotateSize } from "../../../src/image/plan/sizes.ts";
import { normalizeTransform } from "../../../src/transform/normalize.ts";
import type { Ratio, TransformSpec } from "../../../src/transform/spec.ts";
import { MAX_SIDE, MODES } from "../../../src/transform/spec.ts";
import { getMaxPixels } from "../../../src/transform/formats.ts";
import { fraction, gravities } from "../../support/url/specs.ts";
import { chooseRuns } from "../../support/runs.ts";

const MAX_ORIGINAL_SIDE = 16_384;
const MAX_ORIGINAL_PIXELS = 210_000_000;

const originalSide = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: MAX_ORIGINAL_SIDE }),
  fc.constantFrom(1, 8191, 8192, 8193, MAX_ORIGINAL_SIDE),
);

const originals: fc.Arbitrary<Size> = fc
  .tuple(originalSide, originalSide, fc.boolean())
  .map(([long, other, isTall]) => {
    const short = Math.min(other, Math.floor(MAX_ORIGINAL_PIXELS / long));
    return isTall ? { width: short, height: long } : { width: long, height: short };
  });

const side = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: MAX_SIDE }),
  fc.constant(MAX_SIDE),
);
const ratio: fc.Arbitrary<Ratio> = fc.record({ width: side, height: side });

const size = fc.oneof(
  fc.record({ width: side, height: side }),
  fc.record({ width: side }),
  fc.record({ height: side }),
  fc.record({ aspectRatio: ratio }),
  fc.record({ width: side, aspectRatio: ratio }),
  fc.constant({}),
);

const crop = fc.oneof(
  fc.record({
    unit: fc.constant("pixel" as const),
    x: fc.nat(MAX_ORIGINAL_SIDE),
    y: fc.nat(MAX_ORIGINAL_SIDE),
    width: originalSide,
    height: originalSide,
  }),
  fc.record({
    unit: fc.constant("fraction" as const),
    x: fraction,
    y: fraction,
    width: fraction.map((n) => n || 0.0001),
    height: fraction.map((n) => n || 0.0001),
  }),
);

/** Normalized, with sides up to the largest. */
const specs: fc.Arbitrary<TransformSpec> = fc
  .tuple(
    size,
    fc.record(
      {
        mode: fc.constantFrom(...MODES),
        gravity: gravities,
        crop,
        rotate: fc.oneof(fc.integer({ min: 0, max: 359 }), fc.constantFrom(90, 180, 270)),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([sides, rest]) => attempt(() => normalizeTransform({ ...sides, ...rest }, "png")))
  .filter((spec): spec is TransformSpec => !(spec instanceof MediaError));

/** The value, or the refusal; anything else that is thrown is a failure of the test. */
function attempt<T>(make: () => T): T | MediaError {
  try {
    return make();
  } catch (error) {
    if (error instanceof MediaError) return error;
    throw error;
  }
}

/** Holds `check` against every plan that can be made, and `checkRefusal` against every refusal. */
function forEveryPlan(
  check: (plan: ImagePlan, spec: TransformSpec, original: Size) => void,
  checkRefusal?: (refusal: MediaError, spec: TransformSpec) => void,
): void {
  fc.assert(
    fc.property(originals, specs, (original, spec) => {
      const plan = attempt(() => planGeometry(original, { ...spec, format: "png" }));
      if (plan instanceof MediaError) checkRefusal?.(plan, spec);
      else check(plan, spec, original);
    }),
    { numRuns: chooseRuns(300, 3000) },
  );
}

/** Before rotation; a pad is planned for the image after it. */
function unrotatedSize({ resize, cut }: ImagePlan): Size {
  return cut ?? resize;
}

function cropOf({ crop: region }: ImagePlan, original: Size): Region {
  return region ?? { left: 0, top: 0, ...original };
}

function expectWhole({ width, height }: Size): void {
  expect(Number.isInteger(width) && Number.isInteger(height)).toBe(true);
  expect(Math.min(width, height)).toBeGreaterThanOrEqual(1);
}

function expectInside(region: Region, whole: Size): void {
  expectWhole(region);
  expect(Number.isInteger(region.left) && Number.isInteger(region.top)).toBe(true);
  expect(Math.min(region.left, region.top)).toBeGreaterThanOrEqual(0);
  expect(region.left + region.width).toBeLessThanOrEqual(whole.width);
  expect(region.top + region.height).toBeLessThanOrEqual(whole.height);
}

function expectNotOver(inner: Size, outer: Size): void {
  expect(inner.width).toBeLessThanOrEqual(outer.width);
  expect(inner.height).toBeLessThanOrEqual(outer.height);
}

/** The scales that bring `whole` to `rounded` when rounded; at one pixel, all smaller ones too. */
function scalesOf(rounded: number, whole: number): readonly [least: number, most: number] {
  return [rounded === 1 ? 0 : (rounded - 0.5) / whole, (rounded + 0.5) / whole];
}

function expectScaled(result: Size, from: Size): void {
  const [leastX, mostX] = scalesOf(result.width, from.width);
  const [leastY, mostY] = scalesOf(result.height, from.height);
  expect(Math.max(leastX, leastY)).toBeLessThanOrEqual(Math.min(mostX, mostY) + 1e-9);
}

describe("planGeometry", () => {
  it("plans in whole pixels, one part inside the other", () => {
    forEveryPlan((plan, _, original) => {
      if (plan.crop) expectInside(plan.crop, original);
      expectWhole(plan.resize);
      if (plan.cut && "left" in plan.cut) expectInside(plan.cut, plan.resize);
      else if (plan.cut) expectInside({ left: 0, top: 0, ...plan.cut }, plan.resize);
      if (plan.pad) expectWhole(plan.pad);
    });
  });

  it("stays within the output limits, or says why not", () => {
    forEveryPlan(
      (plan, spec) => {
        const { width, height } = plan.pad ?? rotateSize(unrotatedSize(plan), spec);
        expect(Math.max(width, height)).toBeLessThanOrEqual(MAX_SIDE);
        expect(width * height).toBeLessThanOrEqual(getMaxPixels("png"));
      },
      ({ code }, spec) => {
        const expected = spec.crop
          ? ["invalid_transform", "unusable_original"]
          : ["invalid_transform"];
        expect(expected).toContain(code);
      },
    );
  });

  it("refuses no image that it can make smaller and need not turn", () => {
    forEveryPlan(
      () => {},
      ({ code }, { mode = "lfill", rotate = 0 }) => {
        if (code === "unusable_original" || rotate !== 0) return;
        expect(["lfill", "limit", "fit"]).not.toContain(mode);
      },
    );
  });

  it("does not enlarge, unless asked to", () => {
    forEveryPlan((plan, { mode, aspectRatio }, original) => {
      const isEnlarging = mode && ["fill", "fit", "pad", "scale"].includes(mode) && !aspectRatio;
      if (!isEnlarging) expectNotOver(plan.resize, cropOf(plan, original));
    });
  });

  it("gives no more than the box, and where it is promised exactly the box", () => {
    forEveryPlan((plan, spec) => {
      const { width, height, mode } = spec;
      const result = unrotatedSize(plan);
      expectNotOver(result, { width: width ?? Infinity, height: height ?? Infinity });
      if (!width || !height) return;
      if (mode === "fill" || mode === "scale") expect(result).toMatchObject({ width, height });
      const isPadded = mode === "pad" || mode === "lpad";
      expect(plan.pad).toEqual(isPadded ? rotateSize({ width, height }, spec) : undefined);
    });
  });

  it("keeps the ratio that lfill is asked for, but for rounding", () => {
    forEveryPlan((plan, { width, height, aspectRatio, mode }) => {
      const box = width && height ? { width, height } : aspectRatio;
      if (box && !mode) expectScaled(unrotatedSize(plan), box);
    });
  });

  it("extends to the ratio that pad is asked for, but for rounding", () => {
    forEveryPlan(({ pad }, { aspectRatio, mode, rotate = 0 }, original) => {
      if (aspectRatio && mode === "pad" && rotate === 0) expectScaled(pad ?? original, aspectRatio);
    });
  });

  it("keeps the image's own ratio where it neither cuts nor distorts, but for rounding", () => {
    forEveryPlan((plan, { width, height, mode }, original) => {
      if (mode === "scale" || mode === "fill" || (width && height && !mode)) return;
      expectScaled(plan.resize, cropOf(plan, original));
    });
  });
});
