import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import { IMAGE_FORMATS } from "../../src/transform/formats.ts";
import type { VariantAddress } from "../../src/url/variant-key.ts";
import { encodeVariantKey, parseVariantKey, toVariantKey } from "../../src/url/variant-key.ts";
import { DEFAULT_PREFIX } from "../support/url/prefix.ts";
import { keys, specs } from "../support/url/specs.ts";
import { chooseRuns } from "../support/runs.ts";

describe("variantKey", () => {
  it.each<[VariantAddress, string]>([
    [
      { key: "photos/cat.jpg", spec: { width: 300, height: 200 }, format: "webp" },
      "variants/1/photos/cat.jpg/w_300,h_200.webp",
    ],
    [{ key: "cat.jpg", spec: {}, format: "png" }, "variants/1/cat.jpg/_.png"],
    [
      {
        key: "a",
        spec: { crop: { unit: "fraction", x: 0, y: 0.5, width: 1, height: 0.5 } },
        format: "jpg",
      },
      "variants/1/a/crop_0.0_0.5_1.0_0.5.jpg",
    ],
  ])("prints %j", (address, key) => {
    expect(toVariantKey(DEFAULT_PREFIX, address)).toBe(key);
    expect(parseVariantKey(DEFAULT_PREFIX, key)).toEqual(address);
  });

  it("is one to one", () => {
    const address = fc.record({
      key: keys,
      spec: specs,
      format: fc.constantFrom(...IMAGE_FORMATS),
    });
    fc.assert(
      fc.property(address, ({ key, spec, format }) => {
        let normal;
        try {
          normal = normalizeTransform(spec, format);
        } catch {
          return;
        }
        const printed = toVariantKey(DEFAULT_PREFIX, { key, spec: normal, format });
        expect(parseVariantKey(DEFAULT_PREFIX, printed)).toEqual({ key, spec: normal, format });
      }),
      { numRuns: chooseRuns(300, 2000) },
    );
  });
});

describe("variantKey of ratios", () => {
  it("is read back, whatever the number", () => {
    const ratios = fc.oneof(
      fc.integer({ min: 1, max: 81_920_000 }).map((n) => String(n / 10_000)),
      fc
        .tuple(fc.integer({ min: 1, max: 8192 }), fc.integer({ min: 1, max: 8192 }))
        .map((r) => r.join(":")),
    );
    fc.assert(
      fc.property(ratios, (text) => {
        const spec = normalizeTransform(parseTransform(`ar_${text}`), "jpg");
        const address = { key: "a", spec, format: "jpg" } as const;
        expect(parseVariantKey(DEFAULT_PREFIX, toVariantKey(DEFAULT_PREFIX, address))).toEqual(
          address,
        );
      }),
      { numRuns: chooseRuns(300, 2000) },
    );
  });
});

describe("parseVariantKey", () => {
  it.each([
    "variants/1/cat.jpg/h_200,w_300.webp",
    "variants/1/cat.jpg/w_300,dpr_2.webp",
    "variants/1/cat.jpg/w_300,f_webp.webp",
    "variants/1/cat.jpg/width_300.webp",
    "variants/1/cat.jpg/w_300,c_lfill.webp",
    "variants/1/cat.jpg/w_300.jpeg",
    "variants/1/cat.jpg/w_300.WEBP",
    "variants/1/cat.jpg/w_300.bmp",
    "variants/1/cat.jpg/w_300,q_50.png",
    "variants/1/cat.jpg/w_0.webp",
    "variants/1/cat.jpg/.webp",
    "variants/1/cat.jpg/w_300",
    "variants/1/w_300.webp",
    "variants/2/cat.jpg/w_300.webp",
    "variants/cat.jpg/w_300.webp",
    "cat.jpg/w_300.webp",
    "variants/1/",
    "",
  ])("knows no variant called %j", (text) => {
    expect(parseVariantKey(DEFAULT_PREFIX, text)).toBeUndefined();
  });
});

describe("parseVariantKey of names from when all frames had to be asked for", () => {
  it.each([
    ["a.gif/w_300,fl_animated.webp", "a.gif/w_300.webp"],
    ["a.gif/fl_animated.gif", "a.gif/_.gif"],
    ["a.gif/w_3,q_70,fl_animated.lossless.webp", undefined],
    ["a.gif/w_3,fl_animated.lossless,v_2.webp", "a.gif/w_3,fl_lossless,v_2.webp"],
    ["a.gif/w_300,fl_animated.png", undefined],
    ["a.gif/fl_animated,w_300.webp", undefined],
  ])("reads %s as %s", (old, now) => {
    const address = parseVariantKey(DEFAULT_PREFIX, `variants/1/${old}`);
    expect(address && toVariantKey(DEFAULT_PREFIX, address)).toBe(now && `variants/1/${now}`);
  });
});

describe("encodeVariantKey", () => {
  it("keeps the options readable and the key strict", () => {
    expect(encodeVariantKey("variants/1/a+b, c.jpg/w_3,ar_1:2.webp")).toBe(
      "variants/1/a%2Bb%2C%20c.jpg/w_3,ar_1:2.webp",
    );
  });
});
