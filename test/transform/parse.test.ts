import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { parseTransform, printTransform, recognizeTransform } from "../../src/transform/parse.ts";
import { specs } from "../support/specs.ts";

describe("parseTransform", () => {
  it.each([
    ["w_300,h_200", { width: 300, height: 200 }],
    ["w_300&h_200", { width: 300, height: 200 }],
    ["width_300,height_200", { width: 300, height: 200 }],
    ["s_300x200", { width: 300, height: 200 }],
    ["resize_300", { width: 300 }],
    ["ar_16:9", { aspectRatio: { width: 16, height: 9 } }],
    ["ar_32:18", { aspectRatio: { width: 16, height: 9 } }],
    ["ratio_1.5", { aspectRatio: { width: 3, height: 2 } }],
    ["c_lpad", { mode: "lpad" }],
    ["fit_cover", { mode: "lfill" }],
    ["fit_contain", { mode: "pad" }],
    ["fit_fill", { mode: "scale" }],
    ["fit_inside", { mode: "limit" }],
    ["g_north_east", { gravity: "north_east" }],
    ["position_right_top", { gravity: "north_east" }],
    ["pos_left", { gravity: "west" }],
    ["gravity_attention", { gravity: "auto" }],
    ["g_0.3x0.70", { gravity: { x: 0.3, y: 0.7 } }],
    ["crop_10_20_300_200", { crop: { unit: "pixel", x: 10, y: 20, width: 300, height: 200 } }],
    ["extract_0_0_1_1", { crop: { unit: "pixel", x: 0, y: 0, width: 1, height: 1 } }],
    ["crop_0.1_0.0_0.50_1.0", { crop: { unit: "fraction", x: 0.1, y: 0, width: 0.5, height: 1 } }],
    ["a_90", { rotate: 90 }],
    ["a_-90", { rotate: 270 }],
    ["rotate_180", { rotate: 180 }],
    ["a_ignore", { rotate: "ignore" }],
    ["flip_hv", { flip: "hv" }],
    ["w_1,flip", { width: 1, flip: "v" }],
    ["w_1,flop", { width: 1, flip: "h" }],
    ["flip_true,flop_1", { flip: "hv" }],
    ["b_F00", { background: "ff0000" }],
    ["b_rgb:FF0000", { background: "ff0000" }],
    ["background_ff000080", { background: "ff000080" }],
    ["b_f008", { background: "ff000088" }],
    ["b_ff0000ff", { background: "ff0000" }],
    ["b_Teal", { background: "008080" }],
    ["f_jpeg", { format: "jpg" }],
    ["format_auto", { format: "auto" }],
    ["q_80", { quality: 80 }],
    ["quality_auto", { quality: "good" }],
    ["q_auto:eco", { quality: "eco" }],
    ["dpr_2.0", { dpr: 2 }],
    ["w_300,enlarge", { width: 300, mode: "fill" }],
    ["w_300,c_lpad,enlarge", { width: 300, mode: "pad" }],
    ["w_300,c_limit,enlarge_true", { width: 300, mode: "fit" }],
    ["w_300,w_300", { width: 300 }],
    ["", {}],
  ])("reads %s", (text, spec) => {
    expect(parseTransform(text)).toEqual(spec);
  });

  it.each([
    ["w_0", 'option "w" must be an integer from 1 to 8192, got "0"'],
    ["w_8193", 'option "w" must be an integer from 1 to 8192, got "8193"'],
    ["h_030", 'option "h" must be an integer from 1 to 8192, got "030"'],
    ["w_3e2", 'option "w" must be an integer'],
    ["w_+3", 'option "w" must be an integer'],
    ["w_", 'option "w" must be an integer'],
    ["ar_16:0", 'option "ar" must be a ratio'],
    ["ar_1:2:3", 'option "ar" must be a ratio'],
    ["ar_0", 'option "ar" must be a ratio'],
    ["ar_1.23456", 'option "ar" must be a ratio'],
    ["c_thumb", 'option "c" must be one of lfill, limit'],
    ["c_Fill", 'option "c" must be one of'],
    ["fit_outside", 'option "fit" must be one of cover'],
    ["g_face", 'option "g" must be one of center'],
    ["g_1.1x0.5", 'option "g" must be one of center'],
    ["g_0.5", 'option "g" must be one of center'],
    ["crop_1_2_3", 'option "crop" must be X_Y_W_H'],
    ["crop_1_2_0_4", 'option "crop" must be X_Y_W_H'],
    ["crop_0.1_0.1_1_1", 'option "crop" must be X_Y_W_H'],
    ["crop_0.0_0.0_1.1_1.0", 'option "crop" must be X_Y_W_H'],
    ["crop_0.0_0.0_0.0_1.0", 'option "crop" must be X_Y_W_H'],
    ["a_360", 'option "a" must be an integer from 0 to 359'],
    ["a_90.5", 'option "a" must be an integer from 0 to 359'],
    ["flip_vh", 'option "flip" must be one of h, v, hv'],
    ["b_12345", 'option "b" must be a colour'],
    ["b_tomato", 'option "b" must be a colour'],
    ["f_bmp", 'option "f" must be one of jpg, png, webp, avif, gif, auto'],
    ["q_0", 'option "q" must be an integer from 1 to 100'],
    ["q_101", 'option "q" must be an integer from 1 to 100'],
    ["q_auto:worst", 'option "q" must be an integer from 1 to 100, or auto, auto:best'],
    ["dpr_0.4", 'option "dpr" must be a number from 0.5 to 5'],
    ["dpr_1.555", 'option "dpr" must be a number from 0.5 to 5 with at most 2 decimals'],
    ["s_300xx200", 'option "s" must be WIDTHxHEIGHT or WIDTH, got "300xx200"'],
    ["s_0x200", 'option "s" must be WIDTHxHEIGHT or WIDTH, got "0x200"'],
    ["zz_1", 'unknown option "zz" in "zz_1", expected one of w, h'],
    ["constructor_1", 'unknown option "constructor"'],
    ["__proto___1", "unknown option"],
    ["w_300,,h_200", 'unknown option "" in ""'],
    ["w_300,w_400", 'option "w" is given twice, as "300" and as "400"'],
    ["w_300,s_400x10", 'option "w" is given twice, as "300" and as "400"'],
    ["flip_h,flip", 'option "flip" is given twice, as "h" and as "v"'],
    [`w_300,b_${"0".repeat(240)}`, 'option "b" must be a colour'],
    [Array.from({ length: 25 }, () => "w_1").join(","), "at most 24 options, got 25"],
    [
      Array.from({ length: 20 }, () => "crop_100_100_1000_1").join(","),
      "at most 240 bytes, got 399",
    ],
  ])("refuses %s", (text, problem) => {
    expect(() => parseTransform(text)).toThrow(
      expect.objectContaining({
        name: "MediaError",
        code: "invalid_transform",
        message: expect.stringContaining(problem),
      }),
    );
  });

  it("gives back what printTransform prints", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const text = printTransform(spec);
        expect(parseTransform(text)).toEqual(spec);
        expect(printTransform(parseTransform(text))).toBe(text);
      }),
    );
  });

  it("takes less than a millisecond for 2 kB of anything", () => {
    const hostile = [
      "w_".repeat(1024),
      ",".repeat(2048),
      `w_${"1".repeat(2046)}`,
      `b_${"f".repeat(2046)}`,
      `g_${"0.1x".repeat(511)}`,
      `crop_${"1_".repeat(1021)}`,
      `ar_${":1".repeat(1022)}`,
      "flip,".repeat(409),
    ];
    for (const text of hostile) {
      readAnyhow(text); // compiled
      const begin = performance.now();
      for (let round = 0; round < 20; round += 1) readAnyhow(text);
      expect((performance.now() - begin) / 20).toBeLessThan(5); // five times over: machines are shared
    }
  });
});

function readAnyhow(text: string): void {
  try {
    recognizeTransform(text);
  } catch (error) {
    expect(error).toBeInstanceOf(MediaError);
  }
}

describe("recognizeTransform", () => {
  it.each([
    "w_300",
    "h_200",
    "ar_1:1",
    "crop_1_1_1_1",
    "a_0",
    "flip_h",
    "f_webp",
    "q_80",
    "dpr_2",
    "c_fill,g_auto",
    "b_add,g_north",
    "s_300x200&q_80&f_webp",
    "flop_true",
  ])("takes %s for a transform", (segment) => {
    expect(recognizeTransform(segment)).toHaveProperty("kind", "transform");
  });

  it.each([
    "photos",
    "t_shirts",
    "e_books",
    "v_neck",
    "w_photos",
    "a",
    "v1",
    "a_team",
    "x_ray",
    "flip",
    "flip,flop",
    "enlarge_true",
    "rotate",
    "c_fill",
    "g_auto",
    "b_add",
    "b_roll",
    "q_and_a",
    "s_foo",
    "w_",
    "my,folder",
    "a,b,c",
    "t_nope",
    "x".repeat(300),
  ])("takes %s for a part of the key", (segment) => {
    expect(recognizeTransform(segment)).toHaveProperty("kind", "key");
  });

  it.each([
    ["w_30O", '"w_30O"'],
    ["w_300,h_2o0", 'option "h" must be'],
    ["w_300,zz_1", '"zz"'],
    ["w_-5", 'option "w"'],
    ["w_+5", 'option "w"'],
    ["ar_.5", 'option "ar"'],
    ["a_400", 'option "a"'],
    ["q_0", 'option "q"'],
    ["dpr_9", 'option "dpr"'],
    ["crop_1_2", 'option "crop"'],
    ["w_300,t_nope", '"t"'],
    ["w_300,photos", '"photos"'],
    ["quality_900", 'option "quality"'],
  ])("refuses %s, which can only be a mistake, and shows the fence", (segment, part) => {
    expect(() => recognizeTransform(segment)).toThrow(part);
    expect(() => recognizeTransform(segment)).toThrow(
      `if "${segment}" is a folder, put "_/" before it`,
    );
  });

  it.each([["w_photos"], ["q_and_a"], ["c_fill"], ["v_neck"]])("remarks on %s", (segment) => {
    expect(recognizeTransform(segment)).toHaveProperty("hint", expect.stringContaining(segment));
  });
});
