import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { findDecodeGroup, shrinkOnLoad } from "../../src/image/decode-group.ts";
import { readJpegSize } from "../../src/image/jpeg-size.ts";
import { drawPhoto, drawQuadrants } from "../support/images.ts";

const jpeg = await drawQuadrants(321, 123).jpeg().toBuffer();

describe("readJpegSize", () => {
  it("reads that of a picture, be it progressive or full of metadata", async () => {
    const picture = drawQuadrants(321, 123);
    const rows = [
      picture.jpeg(),
      picture.clone().jpeg({ progressive: true }),
      picture.clone().withIccProfile("p3").jpeg(),
      picture
        .clone()
        .withExif({ IFD0: { ImageDescription: "\xff\xd8\xff\xc0".repeat(99) } })
        .jpeg(),
    ];
    for (const row of rows) {
      expect(readJpegSize(await row.toBuffer())).toEqual({ width: 321, height: 123 });
    }
  });

  it("reads nothing, in no time, of what is none", () => {
    const empty = Buffer.from("ffe00002".repeat(1_000_000), "hex");
    for (const bytes of [Buffer.of(), Buffer.alloc(99), Buffer.alloc(9_000_000, 0xff), empty]) {
      expect(readJpegSize(bytes)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.nat(jpeg.length), fc.uint8Array({ maxLength: 40 }), (at, garbage) => {
        const bytes = Buffer.from(jpeg);
        bytes.set(garbage.subarray(0, bytes.length - at), at);
        const size = readJpegSize(bytes.subarray(0, at + garbage.length));
        expect(size === undefined || size.width * size.height > 0).toBe(true);
      }),
    );
  });
});

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
    expect(shrinkOnLoad({ width: 4000, height: 3000 }, plan)).toBe(shrink);
    const crop = { left: 0, top: 0, width: 4000, height: 3000 };
    expect(shrinkOnLoad({ width: 4000, height: 3000 }, { ...plan, crop })).toBe(1);
  });

  it("is what sharp does", async () => {
    const bytes = await drawPhoto(600, 400);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    for (const width of [150, 199, 200, 201, 250, 299, 300, 301, 500]) {
      const size = { width, height: Math.round((width * 2) / 3) };
      const target = { ...size, fit: "fill" } as const;
      const direct = await sharp(bytes).resize(target).raw().toBuffer();
      const whole = await sharp(data, { raw: info }).resize(target).raw().toBuffer();
      const isWhole = shrinkOnLoad({ width: 600, height: 400 }, { resize: size }) === 1;
      expect([width, direct.equals(whole)]).toEqual([width, isWhole]);
    }
  });
});

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
});
