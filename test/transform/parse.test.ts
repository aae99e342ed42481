import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { parseTransform, recognizeTransform } from "../../src/transform/parse.ts";
import { printTransform } from "../../src/transform/options.ts";
import { specs } from "../support/url/specs.ts";

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
    ["trim_0", { trim: 0 }],
    ["r_max", { radius: "max" }],
    ["r_4096", { radius: 4096 }],
    ["e_blur", { blur: 100 }],
    ["e_blur:2000", { blur: 2000 }],
    ["e_sharpen", { sharpen: 10 }],
    ["e_pixelate", { pixelate: 8 }],
    ["e_sepia", { sepia: 100 }],
    ["e_brightness:-99", { brightness: -99 }],
    ["e_contrast:100", { contrast: 100 }],
    ["e_saturation:0", { saturation: 0 }],
    ["e_hue:-180", { hue: -180 }],
    ["e_gamma:0.34", { gamma: 0.34 }],
    ["e_tint:rgb:FF0000", { tint: "ff0000" }],
    ["e_tint:navy", { tint: "000080" }],
    ["e_grayscale,e_negate", { grayscale: true, negate: true }],
    ["blur_3", { blur: 150 }],
    ["blur_0.3", { blur: 15 }],
    ["sharpen_2.5", { sharpen: 25 }],
    ["sharpen_true", { sharpen: 10 }],
    ["greyscale_1,negate_true", { grayscale: true, negate: true }],
    ["w_1,grayscale,sharpen,animated", { width: 1, grayscale: true, sharpen: 10, animated: true }],
    ["fl_progressive.animated", { animated: true, progressive: true }],
    ["fl_animated,fl_keep_icc.lossless", { animated: true, keepIcc: true, lossless: true }],
    ["fl_attachment,fl_attachment", { attachment: true }],
    ["v_a-1", { version: "a-1" }],
    ["exp_1893456000", { expires: 1_893_456_000 }],
    ["f_thumbhash", { format: "thumbhash" }],
    ["g_bottom-left", { gravity: "south_west" }],
    ["g_southeast", { gravity: "south_east" }],
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
    ["ar_16:0", 'option "ar" must be like 16:9 or 1.5'],
    ["ar_1:2:3", 'option "ar" must be like 16:9 or 1.5'],
    ["ar_0", 'option "ar" must be like 16:9 or 1.5'],
    ["ar_1.23456", 'option "ar" must be like 16:9 or 1.5'],
    ["c_thumb", 'option "c" must be one of lfill, limit'],
    ["c_Fill", 'option "c" must be one of'],
    ["fit_outside", 'option "fit" must be one of cover'],
    ["g_face", 'option "g" must be one of north_west, north'],
    ["g_1.1x0.5", 'option "g" must be one of north_west, north'],
    ["g_0.5", 'option "g" must be one of north_west, north'],
    ["crop_1_2_3", 'option "crop" must be like 10_20_300_200'],
    ["crop_1_2_0_4", 'option "crop" must be like 10_20_300_200'],
    ["crop_0.1_0.1_1_1", 'option "crop" must be like 10_20_300_200'],
    ["crop_0.0_0.0_1.1_1.0", 'option "crop" must be like 10_20_300_200'],
    ["crop_0.0_0.0_0.0_1.0", 'option "crop" must be like 10_20_300_200'],
    ["a_360", 'option "a" must be an integer from 0 to 359'],
    ["a_90.5", 'option "a" must be an integer from 0 to 359'],
    ["flip_vh", 'option "flip" must be one of h, v, hv'],
    ["b_12345", 'option "b" must be like f00, ff0000 or red'],
    ["b_tomato", 'option "b" must be like f00, ff0000 or red'],
    ["f_bmp", 'option "f" must be one of jpg, png, webp, avif, gif, auto'],
    ["trim_256", 'option "trim" must be an integer from 0 to 255, got "256"'],
    ["r_0", 'option "r" must be an integer from 1 to 4096 or max, got "0"'],
    ["r_5000", 'option "r" must be'],
    ["e_blur:14", 'option "e_blur" must be an integer from 15 to 2000, got "14"'],
    ["e_blur:", 'option "e_blur" must be'],
    ["e_brightness", 'option "e_brightness" must be an integer from -99 to 100, got ""'],
    ["e_brightness:-0", 'option "e_brightness" must be'],
    ["e_hue:181", 'option "e_hue" must be'],
    ["e_gamma:0.1", 'option "e_gamma" must be a number of at most 4 decimals from 0.34 to 3'],
    ["e_tint:ff000080", 'option "e_tint" must be like f00, ff0000 or red, without alpha'],
    ["e_tint", 'option "e_tint" must be like f00'],
    ["e_negate:1", 'option "e_negate" must be written alone'],
    ["e_art:zorro", 'option "e" must be one of blur, sharpen'],
    ["e_constructor", 'option "e"'],
    ["e_blur:20,e_blur:30", 'option "e_blur" is given twice, as "e_blur:20" and as "e_blur:30"'],
    ["fl_", 'option "fl" must be some of animated, attachment, keep_icc'],
    ["fl_animated.nope", 'option "fl" must be some of'],
    ["v_", 'option "v" must be letters, digits and hyphens'],
    ["v_a_b", 'option "v" must be'],
    ["exp_0", 'option "exp" must be an integer from 1'],
    ["exp_soon", 'option "exp" must be'],
    ["blur_41", 'option "blur" must be from 0.3 to 40, got "41"'],
    ["blur_x", 'option "blur" must be from'],
    ["blur", 'unknown option "blur"'],
    ["t_nope", 'option "t" must be a preset, and there are none, got "nope"'],
    ["q_0", 'option "q" must be an integer from 1 to 100'],
    ["q_101", 'option "q" must be an integer from 1 to 100'],
    [
      "q_auto:worst",
      'option "q" must be an integer from 1 to 100, auto, or one of auto:best, auto:good',
    ],
    ["dpr_0.4", 'option "dpr" must be a number of at most 2 decimals from 0.5 to 5'],
    ["dpr_1.555", 'option "dpr" must be a number of at most 2 decimals'],
    ["s_300xx200", 'option "s" must be like 300x200 or 300, got "300xx200"'],
    ["s_0x200", 'option "s" must be like 300x200 or 300, got "0x200"'],
    ["zz_1", 'unknown option "zz" in "zz_1", expected one of w, h'],
    ["constructor_1", 'unknown option "constructor"'],
    ["__proto___1", "unknown option"],
    ["w_300,,h_200", 'unknown option "" in ""'],
    ["w_300,w_400", 'option "w" is given twice, as "w_300" and as "w_400"'],
    ["w_300,s_400x10", 'option "w" is given twice, as "w_300" and as "w_400"'],
    ["flip_h,flip", 'option "flip" is given twice, as "flip_h" and as "flip_v"'],
    [`w_300,b_${"0".repeat(240)}`, 'option "b" must be like f00, ff0000 or red'],
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
      const begin = process.cpuUsage(); // of this process: others may have the machine meanwhile
      for (let round = 0; round < 20; round += 1) readAnyhow(text);
      const { user } = process.cpuUsage(begin);
      expect(user / 1000 / 20).toBeLessThan(5); // five times over: machines differ
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
