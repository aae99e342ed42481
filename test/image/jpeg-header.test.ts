import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJpegHeader } from "../../src/image/jpeg-header.ts";
import { drawQuadrants } from "../support/images.ts";

const jpeg = await drawQuadrants(321, 123).jpeg().toBuffer();

describe("readJpegHeader", () => {
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
      expect(readJpegHeader(await row.toBuffer())).toEqual({
        width: 321,
        height: 123,
        orientation: 1,
      });
    }
  });

  it("reads how it lies", async () => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const bytes = await drawQuadrants(30, 20).withMetadata({ orientation }).jpeg().toBuffer();
      expect(readJpegHeader(bytes)).toEqual({ width: 30, height: 20, orientation });
    }
  });

  it("reads it in the order of bytes of Motorola, and takes what is no orientation for none", () => {
    for (const [value, orientation] of [
      ["0006", 6],
      ["0009", 1],
      ["0000", 1],
    ]) {
      const tiff = `4d4d002a0000000800010112000300000001${value}0000`;
      const content = Buffer.from(`457869660000${tiff}`, "hex");
      const length = Buffer.alloc(2);
      length.writeUInt16BE(content.length + 2);
      const exif = Buffer.concat([Buffer.of(255, 0xe1), length, content]);
      const bytes = Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]);
      expect(readJpegHeader(bytes)).toEqual({ width: 321, height: 123, orientation });
    }
  });

  it("reads nothing, in no time, of what is none", () => {
    const empty = Buffer.from("ffe00002".repeat(1_000_000), "hex");
    for (const bytes of [Buffer.of(), Buffer.alloc(99), Buffer.alloc(9_000_000, 0xff), empty]) {
      expect(readJpegHeader(bytes)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.nat(jpeg.length), fc.uint8Array({ maxLength: 40 }), (at, garbage) => {
        const bytes = Buffer.from(jpeg);
        bytes.set(garbage.subarray(0, bytes.length - at), at);
        const size = readJpegHeader(bytes.subarray(0, at + garbage.length));
        expect(size === undefined || size.width * size.height > 0).toBe(true);
      }),
    );
  });
});
