import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { findLoadShrink } from "../../../src/image/plan/shrink-on-load.ts";
import { drawPhoto } from "../../support/images.ts";

describe("shrinkOnLoad", () => {
  it.each([
    [1, 8],
    [444, 8],
    [445, 4],
    [800, 4],
    [801, 2],
    [1333, 2],
    [1334, 1],
    [4000, 1],
    [8000, 1],
  ])("of 4000 pixels to %i is %i", (width, shrink) => {
    const plan = { resize: { width, height: Math.round(width * 0.75) } };
    expect(findLoadShrink({ width: 4000, height: 3000 }, plan)).toBe(shrink);
    const crop = { left: 0, top: 0, width: 4000, height: 3000 };
    expect(findLoadShrink({ width: 4000, height: 3000 }, { ...plan, crop })).toBe(1);
  });

  it("is what sharp does", async () => {
    const bytes = await drawPhoto(600, 400);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    for (const width of [150, 199, 200, 201, 250, 299, 300, 301, 500]) {
      const size = { width, height: Math.round((width * 2) / 3) };
      const target = { ...size, fit: "fill" } as const;
      const direct = await sharp(bytes).resize(target).raw().toBuffer();
      const whole = await sharp(data, { raw: info }).resize(target).raw().toBuffer();
      const isWhole = findLoadShrink({ width: 600, height: 400 }, { resize: size }) === 1;
      expect([width, direct.equals(whole)]).toEqual([width, isWhole]);
    }
  });
});
