import fc from "fast-check";
import { printTransform } from "../../../src/transform/options.ts";
import { reduceRatio } from "../../../src/transform/codecs.ts";
import type { Effects, Gravity, TransformSpec } from "../../../src/transform/spec.ts";
import { COMPASS_POINTS, FLIPS, MODES, QUALITY_LEVELS } from "../../../src/transform/spec.ts";
import { DESCRIPTION_FORMATS, IMAGE_FORMATS } from "../../../src/transform/formats.ts";

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
  fc.constantFrom(...COMPASS_POINTS),
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

/** In lowest terms, which can be typed. */
const ratio = fc
  .tuple(fc.integer({ min: 1, max: 8192 }), fc.integer({ min: 1, max: 8192 }))
  .map(([width, height]) => reduceRatio(width, height));

const size = fc.oneof(
  fc.record({ width: side }),
  fc.record({ height: side }),
  fc.record({ width: side, height: side }),
  fc.record({ width: side, aspectRatio: ratio }),
  fc.record({ height: side, aspectRatio: ratio }),
  fc.constant({}),
);

const flag = fc.constant(true as const);
const percent = fc.integer({ min: -99, max: 100 });

/** Every effect, with values within its bounds. */
export const EFFECTS = {
  blur: fc.integer({ min: 15, max: 2000 }),
  sharpen: fc.integer({ min: 1, max: 100 }),
  pixelate: fc.integer({ min: 2, max: 200 }),
  brightness: percent,
  contrast: percent,
  saturation: percent,
  hue: fc.integer({ min: -180, max: 180 }),
  gamma: fc.integer({ min: 3400, max: 30_000 }).map((n) => n / 10_000),
  sepia: fc.integer({ min: 1, max: 100 }),
  tint: fc.tuple(hexByte, hexByte, hexByte).map((bytes) => bytes.join("")),
  grayscale: flag,
  negate: flag,
} satisfies { readonly [K in keyof Effects]-?: fc.Arbitrary<Effects[K]> };

const effects = fc.record(EFFECTS, { requiredKeys: [] });

const flags = fc.record(
  {
    animated: flag,
    attachment: flag,
    keepIcc: flag,
    lossless: flag,
    progressive: flag,
    still: flag,
  },
  { requiredKeys: [] },
);

const version = fc.string({
  unit: fc.constantFrom("a", "b", "Y", "Z", "0", "9", "-"),
  minLength: 1,
  maxLength: 20,
});

/** Specs of images that are correct, though not normalized, and most of them not too long. */
export const specs: fc.Arbitrary<TransformSpec> = fc
  .tuple(
    size,
    fc.record(
      {
        trim: fc.nat(255),
        radius: fc.oneof(fc.integer({ min: 1, max: 800 }), fc.constant("max" as const)),
        version,
        mode: fc.constantFrom(...MODES),
        gravity: gravities,
        crop,
        rotate: fc.oneof(fc.integer({ min: 0, max: 359 }), fc.constant("ignore" as const)),
        flip: fc.constantFrom(...FLIPS),
        background: color,
        format: fc.constantFrom(...IMAGE_FORMATS, "auto" as const),
        quality: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(...QUALITY_LEVELS)),
        dpr: fc.integer({ min: 50, max: 400 }).map((n) => n / 100),
      },
      { requiredKeys: [] },
    ),
    fc.oneof(fc.constant({}), effects),
    fc.oneof(fc.constant({}), flags),
  )
  // a crop beside a trim is refused
  .map(([sides, { trim, ...rest }, ...others]) =>
    Object.assign({}, sides, rest, rest.crop || trim === undefined ? {} : { trim }, ...others),
  )
  .filter((spec: TransformSpec) => printTransform(spec).length <= 200);

/** Specs of what only describes an image. */
export const descriptions: fc.Arbitrary<TransformSpec> = fc.record(
  {
    crop,
    rotate: fc.constant("ignore" as const),
    format: fc.constantFrom(...DESCRIPTION_FORMATS),
    attachment: flag,
    version,
  },
  { requiredKeys: ["format"] },
);

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
