import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkArea, normalizeTransform } from "../../src/transform/normalize.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import { printTransform } from "../../src/transform/options.ts";
import type { OutputFormat } from "../../src/transform/formats.ts";
import { IMAGE_FORMATS } from "../../src/transform/formats.ts";
import { specs } from "../support/url/specs.ts";

function canonical(text: string, format: OutputFormat | "auto" = "jpg"): string {
  const spec = normalizeTransform(parseTransform(text), format);
  if (format !== "auto") checkArea(spec, format);
  return printTransform(spec);
}

describe("normalizeTransform", () => {
  it.each([
    ["h_200,w_300", "w_300,h_200"],
    ["s_300x200", "w_300,h_200"],
    ["w_150,h_100,dpr_2.0", "w_300,h_200"],
    ["w_300,ar_3:2", "w_300,h_200"],
    ["w_150,ar_1.5,dpr_2", "w_300,h_200"],
    ["w_300,h_200,c_lfill,g_center,q_auto", "w_300,h_200"],
    ["w_101,dpr_1.5", "w_152"],
    ["w_1,dpr_0.5", "w_1"],
    ["h_5,ar_1:100", "w_1,h_5"],
    ["w_300,c_limit", "w_300"],
    ["w_300,c_lfill", "w_300"],
    ["w_300,c_lpad", "w_300"],
    ["w_300,c_fill", "w_300,c_fit"],
    ["w_300,c_pad", "w_300,c_fit"],
    ["w_300,c_scale", "w_300,c_fit"],
    ["w_300,enlarge", "w_300,c_fit"],
    ["w_300,h_300,enlarge", "w_300,h_300,c_fill"],
    ["ar_1:1", "ar_1:1"],
    ["ar_1.7778", "ar_1.7778"],
    ["ar_0.0001", "ar_0.0001"],
    ["ar_8192:8191", "ar_8192:8191"],
    ["ar_2:2,c_fill", "ar_1:1"],
    ["ar_1:1,c_lpad", "ar_1:1,c_pad"],
    ["ar_1:1,dpr_2,g_north", "ar_1:1,g_north"],
    ["c_fill,g_auto", ""],
    ["w_300,g_auto", "w_300"],
    ["w_300,h_200,g_auto", "w_300,h_200,g_auto"],
    ["w_300,h_200,c_limit,g_north", "w_300,h_200,c_limit"],
    ["w_300,h_200,c_pad,g_north", "w_300,h_200,c_pad,g_north"],
    ["w_300,h_200,c_pad,g_auto", "w_300,h_200,c_pad"],
    ["w_300,h_200,g_0.5x0.5", "w_300,h_200"],
    ["w_300,h_200,g_0x1", "w_300,h_200,g_south_west"],
    ["w_300,h_200,g_0.30x0.7", "w_300,h_200,g_0.3x0.7"],
    ["crop_0.0_0.0_1.0_1.0,w_3", "w_3"],
    ["w_300,h_200,crop_0.0_0.0_1.0_1.0,g_0.5x0.5", "w_300,h_200"],
    ["w_300,h_200,crop_1_1_9_9,g_0.5x0.5", "w_300,h_200,g_0.5x0.5,crop_1_1_9_9"],
    ["crop_0.10_0.0_1.0_0.5", "crop_0.1_0.0_1.0_0.5"],
    ["a_0,w_3", "w_3"],
    ["a_ignore", "a_ignore"],
    ["q_auto:good,w_3", "w_3"],
    ["q_auto:best,w_3", "w_3,q_auto:best"],
    ["q_80,w_3", "w_3,q_80"],
    ["b_white,w_3", "w_3"],
    ["b_0000,w_3", "w_3"],
    ["b_ff000080,w_3", "w_3,b_ff7f7f"],
    ["dpr_3", ""],
    ["trim_0,w_3", "w_3,trim_0"],
    ["trim_5,w_3,h_3,g_0.5x0.5", "w_3,h_3,g_0.5x0.5,trim_5"],
    ["w_3,r_10,dpr_2", "w_6,r_20"],
    ["w_3,r_max,dpr_2", "w_6,r_max"],
    ["e_grayscale,e_blur:100", "e_blur,e_grayscale"],
    ["e_sepia:100,e_sharpen:10,e_pixelate:8,e_blur:15", "e_blur:15,e_sharpen,e_pixelate,e_sepia"],
    ["e_brightness:0,e_contrast:0,e_saturation:0,e_hue:0,e_gamma:1,w_3", "w_3"],
    ["e_hue:-180", "e_hue:180"],
    ["e_gamma:2.20", "e_gamma:2.2"],
    ["w_3,fl_progressive.keep_icc.attachment", "w_3,fl_attachment.keep_icc.progressive"],
    ["w_3,fl_animated.lossless.still", "w_3"],
    ["w_3,v_b", "w_3,v_b"],
    ["w_3,h_2,g_0.75x0.25", "w_3,h_2,g_0.75x0.25"],
  ])("makes %s, as a JPEG, to %s", (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it.each([
    ["w_3,q_50", "png", "w_3"],
    ["w_3,q_50", "gif", "w_3"],
    ["w_3,q_50", "webp", "w_3,q_50"],
    ["w_3,q_50", "avif", "w_3,q_50"],
    ["w_3,q_50", "auto", "w_3,q_50"],
    ["w_3,b_white", "png", "w_3,b_ffffff"],
    ["w_3,b_ff000080", "png", "w_3,b_ff000080"],
    ["w_3,b_ff000000", "webp", "w_3"],
    ["w_3,b_white", "auto", "w_3,b_ffffff"],
    ["w_3,fl_lossless.progressive.still", "webp", "w_3,fl_lossless.still"],
    ["w_3,fl_lossless.progressive.still", "avif", "w_3,fl_lossless"],
    ["w_3,fl_lossless.progressive.still", "gif", "w_3,fl_still"],
    ["w_3,fl_lossless.progressive.still", "png", "w_3,fl_progressive"],
    ["w_3,fl_lossless.progressive.still", "auto", "w_3,fl_lossless.progressive.still"],
    ["w_3,fl_animated", "webp", "w_3"],
    ["w_3,fl_animated", "auto", "w_3"],
    ["w_3,q_50,fl_keep_icc", "gif", "w_3"],
    ["w_3,q_50,fl_lossless", "webp", "w_3,fl_lossless"],
    ["w_3,q_50,fl_lossless", "jpg", "w_3,q_50"],
    ["w_3,q_50,fl_lossless", "auto", "w_3,q_50,fl_lossless"],
    ["crop_1_1_9_9,a_90,flip_h,b_red,g_north,fl_animated,v_1", "json", "crop_1_1_9_9,v_1"],
    ["trim_9,a_ignore,fl_attachment,dpr_2", "thumbhash", "trim_9,a_ignore,fl_attachment"],
    ["w_3,b_0000", "auto", "w_3,b_00000000"],
  ] as const)("makes %s, as %s, to %s", (text, format, expected) => {
    expect(canonical(text, format)).toBe(expected);
  });

  it.each([
    ["w_300,h_200,ar_3:2", 'option "ar" must not stand beside both "w" and "h"'],
    ["w_5000,dpr_2", 'option "w" must be at most 8192, but comes to 10000'],
    ["w_5000,ar_1:2", 'option "h" must be at most 8192, but comes to 10000'],
    [
      "w_8000,h_8000,c_fill",
      '"w" times "h" must be at most 40000000 pixels as jpg, but comes to 64000000',
    ],
    ["w_8000,h_8000,c_pad", '"w" times "h"'],
    ["crop_1_1_9_9,trim_3", 'option "trim" must not stand beside "crop"'],
    ["w_3,r_3000,dpr_2", 'option "r" must be at most 4096, but comes to 6000'],
    ["ar_1:1,c_fit", 'option "ar" must not stand beside "c_fit" without "w" or "h"'],
    ["ar_1:1,c_scale", 'option "ar" must not stand beside "c_scale"'],
  ])("refuses %s", (text, problem) => {
    expect(() => canonical(text)).toThrow(problem);
  });

  it.each([
    ["w_4000,h_4000,c_fill", "avif", "at most 9000000 pixels as avif, but comes to 16000000"],
    ["w_5000,h_4000,c_pad", "gif", "at most 8000000 pixels as gif"],
  ] as const)("refuses %s as %s", (text, format, problem) => {
    expect(() => canonical(text, format)).toThrow(problem);
  });

  it.each(["w_3", "h_3", "ar_1:1", "c_fit", "q_80", "r_3", "e_blur", "e_grayscale"])(
    "refuses %s beside a description",
    (text) => {
      const name = text.split(/[_:]/)[0] ?? "";
      expect(() => canonical(text, "json")).toThrow(`option "${name}`);
      expect(() => canonical(text, "json")).toThrow('must not stand beside "f_json"');
    },
  );

  it("lets a box over the limits stand where the result is inside it", () => {
    expect(canonical("w_8000,h_8000,c_limit")).toBe("w_8000,h_8000,c_limit");
  });

  const format = fc.constantFrom(...IMAGE_FORMATS, "auto" as const);

  it("is idempotent, and its print a fixed point", () => {
    fc.assert(
      fc.property(specs, format, (spec, output) => {
        const once = normalizeAnyhow(spec, output);
        fc.pre(once !== undefined);
        expect(normalizeTransform(once, output)).toEqual(once);
        const text = printTransform(once);
        expect(printTransform(normalizeTransform(parseTransform(text), output))).toBe(text);
      }),
    );
  });

  it("does not depend on the order typed", () => {
    fc.assert(
      fc.property(
        specs,
        format,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (spec, output, random) => {
          const once = normalizeAnyhow(spec, output);
          fc.pre(once !== undefined);
          const pieces = printTransform(spec).split(",").filter(Boolean);
          const shuffled = pieces
            .map((piece) => [random.next().value, piece] as const)
            .toSorted(([a], [b]) => a - b)
            .map(([, piece]) => piece);
          expect(normalizeTransform(parseTransform(shuffled.join(",")), output)).toEqual(once);
        },
      ),
    );
  });

  it("keeps specs apart that differ in size or mode", () => {
    const box = fc.record({
      width: fc.integer({ min: 1, max: 3000 }),
      height: fc.integer({ min: 1, max: 3000 }),
      mode: fc.constantFrom("lfill", "limit", "fill", "fit", "lpad", "pad", "scale" as const),
    });
    fc.assert(
      fc.property(box, box, (a, b) => {
        const isSame = JSON.stringify(a) === JSON.stringify(b);
        expect(
          canonical(printTransform(a as never)) === canonical(printTransform(b as never)),
        ).toBe(isSame);
      }),
    );
  });
});

function normalizeAnyhow(
  ...[spec, format]: Parameters<typeof normalizeTransform>
): ReturnType<typeof normalizeTransform> | undefined {
  try {
    return normalizeTransform(spec, format);
  } catch {
    return undefined;
  }
}
