import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readJpegHeader, readPlainJpegSize } from "../../../src/image/input/jpeg-header.ts";
import { drawQuadrants } from "../../support/images.ts";

const jpeg = await drawQuadrants(321, 123).jpeg().toBuffer();

describe("readJpegHeader", () => {
  it("reads that of an image, be it progressive or full of metadata", async () => {
    const image = drawQuadrants(321, 123);
    const rows = [
      image.jpeg(),
      image.clone().jpeg({ progressive: true }),
      image.clone().withIccProfile("p3").jpeg(),
      image
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

describe("readPlainJpegSize", () => {
  const image = drawQuadrants(321, 123);
  const size = { width: 321, height: 123 };

  it.each([
    ["nothing but pixels", image.clone().jpeg(), true],
    ["progressive", image.clone().jpeg({ progressive: true }), true],
    ["grey", image.clone().toColourspace("b-w").jpeg(), true],
    ["CMYK", image.clone().toColourspace("cmyk").jpeg(), true],
    ["Exif", image.clone().withMetadata({ orientation: 6 }).jpeg(), false],
    ["XMP", image.clone().withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>").jpeg(), false],
    ["a profile", image.clone().withIccProfile("p3").jpeg(), false],
  ])("knows of %s whether there is more to know", async (_, variant, isPlain) => {
    expect(readPlainJpegSize(await variant.toBuffer())).toEqual(isPlain ? size : undefined);
  });

  it("knows a comment, restarts and tables", async () => {
    const comment = Buffer.from("fffe0006abcdffda", "hex").subarray(0, 8);
    const bytes = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
    expect(readPlainJpegSize(bytes)).toEqual(size);
  });

  it("is sure of nothing that is out of the ordinary", async () => {
    const frame = jpeg.indexOf(Buffer.from("ffc00011", "hex"));
    const with12Bits = Buffer.from(jpeg).fill(12, frame + 4, frame + 5);
    const withoutHeight = Buffer.from(jpeg).fill(0, frame + 5, frame + 7);
    const withTwo = Buffer.concat([jpeg.subarray(0, frame + 19), jpeg.subarray(frame)]);
    const lossless = Buffer.from(jpeg).fill(0xc3, frame + 1, frame + 2);
    const withGap = Buffer.concat([jpeg.subarray(0, frame), Buffer.of(0), jpeg.subarray(frame)]);
    const withFill = Buffer.concat([jpeg.subarray(0, frame), Buffer.of(255), jpeg.subarray(frame)]);
    const bare = Buffer.concat([jpeg.subarray(0, 2), Buffer.of(255, 1), jpeg.subarray(2)]);
    const rows = [with12Bits, withoutHeight, withTwo, lossless, withGap, withFill, bare];
    expect(rows.map((bytes) => readPlainJpegSize(bytes))).toEqual(rows.map(() => undefined));
  });

  it("says what libvips says, whatever the bytes", async () => {
    const end = jpeg.indexOf(Buffer.from("ffda", "hex"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(end), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(jpeg);
          for (const [at, byte] of changes) bytes[at] = byte;
          const said = readPlainJpegSize(bytes);
          const metadata =
            said &&
            (await sharp(bytes)
              .metadata()
              .catch(() => undefined));
          if (!metadata) return; // what cannot be read is found out when it is decoded
          const { width, height, orientation = 1, icc, hasAlpha, depth, autoOrient } = metadata;
          expect(said).toEqual({ width, height });
          expect([orientation, icc, hasAlpha, depth]).toEqual([1, undefined, false, "uchar"]);
          expect(autoOrient).toEqual(said);
        },
      ),
      { numRuns: 500 },
    );
  });
});
