import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { ImagePlan } from "../../../src/image/plan/geometry.ts";
import type { Size } from "../../../src/image/plan/sizes.ts";
import { placeIn, planGeometry } from "../../../src/image/plan/geometry.ts";
import { rotateSize } from "../../../src/image/plan/sizes.ts";
import { normalizeTransform } from "../../../src/transform/normalize.ts";
import { parseTransform } from "../../../src/transform/parse.ts";
import type { Gravity } from "../../../src/transform/spec.ts";
import type { OutputFormat } from "../../../src/transform/formats.ts";

function toSize(text: string): Size {
  const [width = 0, height = 0] = text.split("x").map(Number);
  return { width, height };
}

function plan(original: string, text: string, format: OutputFormat = "png"): ImagePlan {
  const spec = normalizeTransform(parseTransform(text), format);
  return planGeometry(toSize(original), { ...spec, format });
}

function printSize({ width, height }: Size): string {
  return `${width}x${height}`;
}

/** One line that says all: `crop 10,20 30x40 > resize 30x40 > cut 0,0 20x20 > pad 50x50`. */
function print({ crop, resize, cut, pad }: ImagePlan): string {
  const region = (part: NonNullable<ImagePlan["cut"]>): string =>
    "strategy" in part
      ? `${part.strategy} ${printSize(part)}`
      : `${part.left},${part.top} ${printSize(part)}`;
  return [
    crop && `crop ${region(crop)}`,
    `resize ${printSize(resize)}`,
    cut && `cut ${region(cut)}`,
    pad && `pad ${printSize(pad)}`,
  ]
    .filter(Boolean)
    .join(" > ");
}

function refusal(original: string, spec: string): MediaError {
  try {
    plan(original, spec);
  } catch (error) {
    if (error instanceof MediaError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("planGeometry", () => {
  it.each([
    ["", "resize 400x200"],
    ["w_100", "resize 100x50"],
    ["h_50", "resize 100x50"],
    ["w_800", "resize 400x200"],
    ["w_1", "resize 1x1"],
    ["w_800,c_fit", "resize 800x400"],
    ["h_400,c_fit", "resize 800x400"],
    ["w_400,h_200", "resize 400x200"],
    ["w_100,h_100", "resize 200x100 > cut 50,0 100x100"],
    ["w_100,h_20", "resize 100x50 > cut 0,15 100x20"],
    ["w_1000,h_1000", "resize 400x200 > cut 100,0 200x200"],
    ["w_1000,h_100", "resize 400x200 > cut 0,80 400x40"],
    ["w_100,h_100,c_fill", "resize 200x100 > cut 50,0 100x100"],
    ["w_1000,h_1000,c_fill", "resize 2000x1000 > cut 500,0 1000x1000"],
    ["w_100,h_100,c_limit", "resize 100x50"],
    ["w_1000,h_1000,c_limit", "resize 400x200"],
    ["w_100,h_100,c_fit", "resize 100x50"],
    ["w_1000,h_1000,c_fit", "resize 1000x500"],
    ["w_100,h_100,c_pad", "resize 100x50 > pad 100x100"],
    ["w_1000,h_1000,c_pad", "resize 1000x500 > pad 1000x1000"],
    ["w_100,h_100,c_lpad", "resize 100x50 > pad 100x100"],
    ["w_1000,h_1000,c_lpad", "resize 400x200 > pad 1000x1000"],
    ["w_10,h_300,c_scale", "resize 10x300"],
    ["ar_1:1", "resize 400x200 > cut 100,0 200x200"],
    ["ar_4:1", "resize 400x200 > cut 0,50 400x100"],
    ["ar_2:1", "resize 400x200"],
    ["ar_1:1,c_pad", "resize 400x200 > pad 400x400"],
    ["ar_4:1,c_pad", "resize 400x200 > pad 800x200"],
    ["ar_1:1,w_100", "resize 200x100 > cut 50,0 100x100"],
  ])("plans %s for 400×200 as %s", (spec, expected) => {
    expect(print(plan("400x200", spec))).toBe(expected);
  });

  it.each([
    ["g_west", "0,0", "0,50"],
    ["g_north_west", "0,0", "0,0"],
    ["g_north", "50,0", "0,0"],
    ["g_north_east", "100,0", "0,0"],
    ["g_east", "100,0", "0,50"],
    ["g_south_east", "100,0", "0,100"],
    ["g_south", "50,0", "0,100"],
    ["g_south_west", "0,0", "0,100"],
    ["g_center", "50,0", "0,50"],
    ["g_0.3x0.7", "10,0", "0,90"],
    ["g_0.1x0.9", "0,0", "0,100"],
    ["g_0.9x0.1", "100,0", "0,0"],
  ])("cuts by %s at %s where it is wide, at %s where it is tall", (gravity, wide, tall) => {
    const spec = `w_100,h_100,${gravity}`;
    expect(print(plan("400x200", spec))).toBe(`resize 200x100 > cut ${wide} 100x100`);
    expect(print(plan("200x400", spec))).toBe(`resize 100x200 > cut ${tall} 100x100`);
  });

  it.each([
    ["w_100,h_100,g_auto", "resize 200x100 > cut attention 100x100"],
    ["w_100,h_100,g_entropy", "resize 200x100 > cut entropy 100x100"],
    ["w_100,h_50,g_auto", "resize 100x50"],
  ])("leaves %s to the image: %s", (spec, expected) => {
    expect(print(plan("400x200", spec))).toBe(expected);
  });

  it.each([
    ["crop_10_20_100_50", "crop 10,20 100x50 > resize 100x50"],
    ["crop_350_150_100_100", "crop 350,150 50x50 > resize 50x50"],
    ["crop_0_0_65535_65535", "crop 0,0 400x200 > resize 400x200"],
    ["crop_399_199_1_1", "crop 399,199 1x1 > resize 1x1"],
    ["crop_0.25_0.5_0.5_0.5", "crop 100,100 200x100 > resize 200x100"],
    ["crop_0.5_0.0_1.0_1.0", "crop 200,0 200x200 > resize 200x200"],
    ["crop_0.0_0.0_0.0001_0.0001", "crop 0,0 1x1 > resize 1x1"],
    ["crop_0.9999_0.9999_0.5_0.5", "crop 399,199 1x1 > resize 1x1"],
    ["crop_100_0_200_200,w_50,h_20", "crop 100,0 200x200 > resize 50x50 > cut 0,15 50x20"],
    ["crop_100_0_200_200,w_50,h_20,g_north", "crop 100,0 200x200 > resize 50x50 > cut 0,0 50x20"],
    ["crop_0_0_10_10,w_50", "crop 0,0 10x10 > resize 10x10"],
    ["crop_0_0_10_10,w_50,c_fit", "crop 0,0 10x10 > resize 50x50"],
    ["crop_0_0_100_100,ar_2:1", "crop 0,0 100x100 > resize 100x100 > cut 0,25 100x50"],
  ])("plans %s for 400×200 as %s", (spec, expected) => {
    expect(print(plan("400x200", spec))).toBe(expected);
  });

  it.each(["crop_400_0_10_10", "crop_0_200_10_10", "crop_1.0_0.0_0.5_0.5", "crop_9_9999_1_1"])(
    "refuses %s for 400×200, as there is nothing left",
    (spec) => {
      const { code, message } = refusal("400x200", spec);
      expect(code).toBe("unusable_original");
      expect(message).toContain("outside the original, which is 400×200");
    },
  );

  it.each([
    ["w_100,h_60,c_pad,a_90", "resize 100x50 > pad 60x100"],
    ["w_100,h_60,c_pad,a_270", "resize 100x50 > pad 60x100"],
    ["w_100,h_60,c_pad,a_180", "resize 100x50 > pad 100x60"],
    ["w_100,h_50,c_pad,a_45", "resize 100x50 > pad 106x106"],
    ["w_100,h_100,a_90", "resize 200x100 > cut 50,0 100x100"],
    ["w_100,a_90", "resize 100x50"],
    ["ar_4:1,c_pad,a_90", "resize 400x200 > pad 200x800"],
  ])("sizes the image before it is rotated: %s is %s", (spec, expected) => {
    expect(print(plan("400x200", spec))).toBe(expected);
  });

  it.each([
    ["16384x3000", "", "resize 8192x1500"],
    ["3000x16384", "w_8192,c_fit", "resize 1500x8192"],
    ["7000x7000", "", "resize 6324x6324"],
    ["7000x7000", "w_8192,h_8192", "resize 6324x6324"],
    ["7000x7000", "w_8192,h_8192,c_limit", "resize 6324x6324"],
    ["10x10", "w_8192,h_8192,c_fit", "resize 6324x6324"],
    ["16384x3000", "ar_8192:1500", "resize 8192x1500"],
    ["16384x3000", "ar_1:1,c_pad", "resize 6324x1158 > pad 6324x6324"],
    ["1x16384", "", "resize 1x8192"],
    ["16384x1", "", "resize 8192x1"],
    ["1x16384", "w_100,h_100", "resize 1x16384 > cut 0,8192 1x1"],
    ["1x16384", "w_100,h_100,c_limit", "resize 1x100"],
    ["1x16384", "w_100,h_100,c_pad", "resize 1x100 > pad 100x100"],
    ["1x16384", "w_100,h_100,c_scale", "resize 100x100"],
    ["1x16384", "ar_1:1,c_pad", "resize 1x6324 > pad 6324x6324"],
    ["1x16384", "w_300,h_200,c_fill", "crop 0,8192 1x1 > resize 300x200"],
    ["1x16384", "w_300,h_200,c_fill,g_south", "crop 0,16383 1x1 > resize 300x200"],
    ["16384x1", "w_8192,h_4000,c_fill,g_west", "crop 0,0 2x1 > resize 8192x4000"],
    ["100x100", "w_8192,h_8192,c_fit,a_10", "resize 5454x5454"],
    ["7000x5000", "a_45", "resize 5212x3723"],
    ["8192x6000", "ar_1.6778", "resize 8192x6000 > cut 0,559 8192x4882"],
    [
      "400x200",
      "crop_200_0_200_200,w_50,h_100,g_0.6x0.5",
      "crop 200,0 200x200 > resize 100x100 > cut 0,0 50x100",
    ],
    ["16384x1", "w_8192,h_4000,c_fill,g_auto", "crop 8191,0 2x1 > resize 8192x4000"],
    ["100x16384", "crop_50_100_2_16000,w_90,h_10,c_fill,g_north", "crop 50,100 2x1 > resize 90x10"],
  ])("keeps %s under %s within the limits: %s", (original, spec, expected) => {
    expect(print(plan(original, spec))).toBe(expected);
  });

  it.each([
    ["100x100", "w_8192,h_4000,c_fill,a_45", "8621×8621"],
    ["100x100", "w_8192,h_4000,c_pad,a_45", "8621×8621"],
    ["100x100", "w_8192,h_4000,c_scale,a_45", "8621×8621"],
  ])("refuses %s under %s, which would be %s", (original, spec, size) => {
    const { code, message } = refusal(original, spec);
    expect(code).toBe("invalid_transform");
    expect(message).toContain(`would be ${size}, but may have at most 8192 pixels a side`);
  });
});

describe("planGeometry of formats that cost more", () => {
  it.each([
    ["8000x5000", "", "png", "resize 8000x5000"],
    ["8000x5000", "", "avif", "resize 3794x2371"],
    ["8000x5000", "w_6000,h_4000", "avif", "resize 3918x2449 > cut 122,0 3674x2449"],
    ["8000x5000", "a_45", "gif", "resize 2459x1537"],
    ["8000x5000", "w_2000", "avif", "resize 2000x1250"],
  ] as const)(
    "keeps %s under %s as %s within its limit: %s",
    (original, spec, format, expected) => {
      expect(print(plan(original, spec, format))).toBe(expected);
    },
  );
});

describe("rotatedSize", () => {
  it.each([
    [0, "400x200"],
    [90, "200x400"],
    [180, "400x200"],
    [270, "200x400"],
    [45, "424x424"],
    [135, "424x424"],
    [30, "446x373"],
    ["ignore", "400x200"],
  ] as const)("gives the box around 400×200 turned by %s: %s", (rotate, expected) => {
    expect(rotateSize(toSize("400x200"), { rotate })).toEqual(toSize(expected));
  });
});

describe("placeIn", () => {
  it.each<[Gravity | undefined, number, number]>([
    [undefined, 20, 30],
    ["center", 20, 30],
    ["north", 20, 0],
    ["north_east", 40, 0],
    ["east", 40, 30],
    ["south_east", 40, 60],
    ["south", 20, 60],
    ["south_west", 0, 60],
    ["west", 0, 30],
    ["north_west", 0, 0],
    [{ x: 0.25, y: 0.9 }, 10, 54],
  ])("places 60×40 in 100×100 by %j at %i,%i", (gravity, left, top) => {
    const place = placeIn(toSize("100x100"), toSize("60x40"), gravity);
    expect(place).toEqual({ left, top, width: 60, height: 40 });
  });

  it("never leaves the box", () => {
    const place = placeIn(toSize("100x100"), toSize("101x50"), "south_east");
    expect(place).toEqual({ left: 0, top: 50, width: 100, height: 50 });
  });
});
