import fc from "fast-check";
import type { Gravity, TransformSpec } from "../../src/transform/spec.ts";
import { COMPASS, FLIPS, FORMATS, MODES, QUALITY_LEVELS } from "../../src/transform/spec.ts";

const side = fc.integer({ min: 1, max: 2000 });
/** Of at most four decimals, as they can be typed. */
export const fraction: fc.Arbitrary<number> = fc
  .integer({ min: 0, max: 10_000 })
  .map((n) => n / 10_000);
const hexByte = fc.integer({ min: 0, max: 255 }).map((n) => n.toString(16).padStart(2, "0"));

const color = fc
  .tuple(hexByte, hexByte, hexByte, fc.option(hexByte, { nil: "" }))
  .map(([r, g, b, a]) => r + g + b + (a === "ff" ? "" : a));

export const gravities: fc.Arbitrary<Gravity> = fc.oneof(
  fc.constantFrom(...(Object.keys(COMPASS) as (keyof typeof COMPASS)[])),
  fc.constantFrom("auto" as const, "entropy" as const),
  fc.record({ x: fraction, y: fraction }),
);

const crop = fc.oneof(
  fc.record({
    unit: fc.constant("pixel" as const),
    x: fc.nat(5000),
    y: fc.nat(5000),
    width: side,
    height: side,
  }),
  fc.record({
    unit: fc.constant("fraction" as const),
    x: fraction,
    y: fraction,
    width: fraction.map((n) => n || 0.5),
    height: fraction.map((n) => n || 0.5),
  }),
);

const size = fc.oneof(
  fc.record({ width: side }),
  fc.record({ height: side }),
  fc.record({ width: side, height: side }),
  fc.constant({}),
);

/** Specs that are correct, though not normalized. */
export const specs: fc.Arbitrary<TransformSpec> = fc
  .tuple(
    size,
    fc.record(
      {
        mode: fc.constantFrom(...MODES),
        gravity: gravities,
        crop,
        rotate: fc.oneof(fc.integer({ min: 0, max: 359 }), fc.constant("ignore" as const)),
        flip: fc.constantFrom(...FLIPS),
        background: color,
        format: fc.constantFrom(...FORMATS, "auto" as const),
        quality: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(...QUALITY_LEVELS)),
        dpr: fc.integer({ min: 50, max: 400 }).map((n) => n / 100),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([sides, rest]) => ({ ...sides, ...rest }));

const segment = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    "w_300",
    "t_shirts",
    "_",
    "s--x--",
    "a b",
    "a+b",
    "100%",
    "%2F",
    "%41",
    "é,ü",
    "v1",
  ),
  fc.constantFrom(
    "variants",
    "-",
    "healthz",
    "e_books",
    "flip",
    "c_fill",
    "w_30O",
    "x.y.z",
    "f_webp,q_1",
  ),
);

/** Keys that an object can have, but for those under the root of the variants. */
export const keys: fc.Arbitrary<string> = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join("/"))
  .filter(
    (key) =>
      !/\p{Cc}/u.test(key) &&
      !/^\/|\/$/.test(key) &&
      !key.split("/").some((part) => part === "." || part === "..") &&
      !`${key}/`.startsWith("variants/"),
  );
