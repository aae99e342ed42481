import { describe, expect, it } from "vitest";
import { hintForSegment } from "../../src/transform/names.ts";
import { hintForKey, recognizeTransform } from "../../src/transform/parse.ts";

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
    "trim_10",
    "r_max",
    "e_grayscale",
    "e_blur:20",
    "blur_3",
    "grayscale_true",
    "v_1,fl_animated",
    "f_json",
  ])("takes %s for a transform", (segment) => {
    expect(recognizeTransform(segment)).toBeDefined();
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
    "grayscale",
    "grayscale,negate",
    "v_neck",
    "fl_animated",
    "exp_123",
    "c_thumb",
    "x_1",
    "$_1",
  ])("takes %s for a part of the key", (segment) => {
    expect(recognizeTransform(segment)).toBeUndefined();
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
    ["r_5000", 'option "r"'],
    ["trim_-1", 'option "trim"'],
    ["w_300,l_text", '"l"'],
    ["w_300,c_thumb", 'option "c"'],
    ["w_300,photos", '"photos"'],
    ["quality_900", 'option "quality"'],
  ])("refuses %s, which can only be a mistake, and shows the fence", (segment, part) => {
    expect(() => recognizeTransform(segment)).toThrow(part);
    expect(() => recognizeTransform(segment)).toThrow(
      `if "${segment}" is a folder, put "_/" before it`,
    );
  });

  it.each([["w_photos"], ["q_and_a"], ["c_fill"], ["v_neck"]])("remarks on %s", (segment) => {
    expect(hintForKey(segment, new Map())).toContain(segment);
  });

  it("takes presets for options when there are presets of these names", () => {
    const presets = new Map([
      ["thumb", { width: 150 }],
      ["big-2", { width: 900 }],
    ]);
    expect(recognizeTransform("t_thumb", presets)).toEqual({ presets: ["thumb"] });
    expect(recognizeTransform("t_thumb.big-2,w_3", presets)).toEqual({
      width: 3,
      presets: ["thumb", "big-2"],
    });
    expect(recognizeTransform("t_shirts", presets)).toBeUndefined();
    expect(() => recognizeTransform("t_shirts,w_3", presets)).toThrow(
      'option "t" must be some of thumb, big-2, joined by dots, got "shirts"',
    );
    expect(() => recognizeTransform("t_thumb,t_big-2", presets)).toThrow("given twice");
  });

  it.each([
    ["w_3,c_thumb", "use c_fill,g_auto"],
    ["w_3,c_auto", "use c_fill,g_auto"],
    ["w_3,c_crop", "use crop_X_Y_W_H"],
    ["w_3,h_3,g_face", "faces are not looked for"],
    ["w_3,l_logo", "no layers"],
    ["w_3,u_logo", "no layers"],
    ["w_3,$x_1", "no variables"],
    ["w_3,if_w_gt_3", "no conditions"],
    ["w_3,o_50", "no opacity"],
    ["w_3,bo_3px", "no borders"],
    ["w_3,co_red", "e_tint:ff0000"],
    ["w_3,x_3", "g_0.3x0.7"],
    ["w_3,y_3", "g_0.3x0.7"],
    ["w_3,z_2", "no zoom"],
    ["w_3,d_a.png", "no default images"],
  ])("says for %s what to do instead", (segment, advice) => {
    expect(() => recognizeTransform(segment)).toThrow();
    expect(hintForSegment(segment)).toContain(advice);
  });
});
