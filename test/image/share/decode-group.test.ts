import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDecodeGroup } from "../../../src/image/share/decode-group.ts";
import { drawQuadrants } from "../../support/images.ts";

const jpeg = await drawQuadrants(321, 123).jpeg().toBuffer();

function shrinkOf(job: Parameters<typeof findDecodeGroup>[0]): number | undefined {
  return findDecodeGroup(job)?.shrink;
}

function effortOf(bytes: Uint8Array, width: number, format: "jpg" | "webp"): number {
  return findDecodeGroup({ bytes, spec: { width }, format })?.encodeCost ?? Number.NaN;
}

describe("findDecodeGroup", () => {
  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (garbage, hasStart) => {
        const bytes = hasStart ? Buffer.concat([jpeg.subarray(0, 180), garbage]) : garbage;
        findDecodeGroup({ bytes, spec: { width: 10 }, format: "jpg" });
      }),
    );
  });

  it("has none for what will be refused", () => {
    const crop = { unit: "pixel", x: 999, y: 0, width: 9, height: 9 } as const;
    expect(findDecodeGroup({ bytes: jpeg, spec: { crop }, format: "jpg" })).toBeUndefined();
    expect(findDecodeGroup({ bytes: jpeg, spec: {}, format: "jpg" })).toBeDefined();
  });

  it("is the scale at which sharp decodes, whatever way an image lies", async () => {
    const turned = await drawQuadrants(4000, 3000)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const scales = [300, 333, 334, 500, 700, 1000, 1100].map((width) =>
      shrinkOf({ bytes: turned, spec: { width }, format: "webp" }),
    );
    expect(scales).toEqual([8, 8, 4, 4, 2, 2, 1]);
    const ignored = { width: 400, rotate: "ignore" } as const;
    expect(shrinkOf({ bytes: turned, spec: ignored, format: "webp" })).toBe(8);
    const square = { width: 90, height: 90, mode: "fill", gravity: "auto" } as const;
    expect(findDecodeGroup({ bytes: turned, spec: square, format: "webp" })).toBeUndefined();
  });

  it("tells the effort in decodes: by the pixels and the format of a JPEG's sizes, and of a PNG with the scaling, and as a guess of others", async () => {
    expect(effortOf(jpeg, 321, "webp")).toBeCloseTo(6.25); // 75 ns beside 12
    expect(effortOf(jpeg, 321, "jpg")).toBeCloseTo(1.25);
    expect(effortOf(jpeg, 107, "webp")).toBeCloseTo(6.25 / 9, 1);
    const square = drawQuadrants(40, 30);
    expect(effortOf(await square.clone().png().toBuffer(), 40, "webp")).toBeCloseTo(4.25);
    expect(effortOf(await square.clone().png().toBuffer(), 4, "jpg")).toBeCloseTo(0.09, 1);
    expect(effortOf(await square.clone().gif().toBuffer(), 40, "webp")).toBe(0.5);
  });

  it("is none for what is decoded for itself", async () => {
    const image = drawQuadrants(40, 30);
    const rows = [
      [image.clone().png(), 1],
      [image.clone().gif(), 1],
      [image.clone().avif(), 1],
      [image.clone().webp(), undefined],
      [image.clone().toColourspace("rgb16").png(), undefined],
    ] as const;
    for (const [drawing, group] of rows) {
      const bytes = await drawing.toBuffer();
      expect(shrinkOf({ bytes, spec: { width: 9 }, format: "png" })).toBe(group);
    }
  });
});
