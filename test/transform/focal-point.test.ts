import { describe, expect, it } from "vitest";
import { applyFocalPoint, normalizeTransform } from "../../src/transform/normalize.ts";
import { parseTransform } from "../../src/transform/parse.ts";

const POINT = "0.3x0.7";

function apply(options: string, text: string | undefined = POINT) {
  const spec = normalizeTransform(parseTransform(options), "jpg");
  const applied = applyFocalPoint(spec, text);
  return { applied, isSame: applied === spec };
}

describe("applyFocalPoint", () => {
  it.each([
    "w_300,h_200",
    "w_300,h_200,c_fill",
    "w_300,h_200,g_auto",
    "w_300,ar_1:1",
    "ar_1:1",
    "w_300,h_200,trim_10",
    "w_300,h_200,crop_0_0_90_90",
    "w_300,h_200,g_center", // the default, written out
  ])("crops %s around the point", (options) => {
    expect(apply(options).applied.gravity).toEqual({ x: 0.3, y: 0.7 });
  });

  it.each([
    "w_300",
    "w_300,h_200,c_limit",
    "w_300,h_200,c_pad",
    "w_300,h_200,c_scale",
    "ar_1:1,c_pad",
    "w_300,h_200,g_north",
    "w_300,h_200,g_entropy",
    "w_300,h_200,g_0.1x0.1",
    "crop_0_0_90_90",
    "e_grayscale",
  ])("leaves %s as it is", (options) => {
    expect(apply(options).isSame).toBe(true);
  });

  it.each([undefined, "", "center", "auto", "0.3", "0.3x1.1", "0.3x0.7x0.1", "NaNxNaN", "0,3x0,7"])(
    "takes %j for no point",
    (text) => {
      const spec = { width: 300, height: 200 };
      expect(applyFocalPoint(spec, text)).toBe(spec);
    },
  );
});
