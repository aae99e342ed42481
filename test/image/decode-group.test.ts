import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDecodeGroup } from "../../src/image/decode-group.ts";
import { readJpegSize } from "../../src/image/jpeg-size.ts";
import { drawQuadrants } from "../support/images.ts";

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
