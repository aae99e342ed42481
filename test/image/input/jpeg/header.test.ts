import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  countJpegScans,
  fillJpegBlocks,
  readJpegHeader,
} from "../../../../src/image/input/jpeg/header.ts";
import { drawQuadrants } from "../../../support/images.ts";
import { jpegSegment, latin1, limitReads, repeatLastScan } from "../../../support/image/hostile.ts";
import { chooseRuns } from "../../../support/runs.ts";

/** Of a walk that goes over bytes once. */
const READS_A_BYTE = 5;

const jpeg = await drawQuadrants(321, 123).jpeg().toBuffer();

/** The size of an image of which there is nothing else to know. */
function readPlainSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const header = readJpegHeader(bytes);
  return header?.isPlain ? { width: header.width, height: header.height } : undefined;
}

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
      expect(readJpegHeader(await row.toBuffer())).toMatchObject({
        width: 321,
        height: 123,
        orientation: 1,
      });
    }
  });

  it("reads how it lies", async () => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const bytes = await drawQuadrants(30, 20).withMetadata({ orientation }).jpeg().toBuffer();
      expect(readJpegHeader(bytes)).toMatchObject({ width: 30, height: 20, orientation });
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
      expect(readJpegHeader(bytes)).toMatchObject({ width: 321, height: 123, orientation });
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

describe("readJpegHeader of plain images", () => {
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
    expect(readPlainSize(await variant.toBuffer())).toEqual(isPlain ? size : undefined);
  });

  it("knows a comment, restarts and tables", async () => {
    const comment = Buffer.from("fffe0006abcdffda", "hex").subarray(0, 8);
    const bytes = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
    expect(readPlainSize(bytes)).toEqual(size);
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
    expect(rows.map((bytes) => readPlainSize(bytes))).toEqual(rows.map(() => undefined));
  });

  it("says what libvips says, whatever the bytes", async () => {
    const end = jpeg.indexOf(Buffer.from("ffda", "hex"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(end), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(jpeg);
          for (const [at, byte] of changes) bytes[at] = byte;
          const said = readPlainSize(bytes);
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
      { numRuns: chooseRuns(100, 500) },
    );
  });
});

const baseline = await drawQuadrants(40, 20).jpeg().toBuffer();
const progressive = await drawQuadrants(40, 20).jpeg({ progressive: true }).toBuffer();

const SOI = latin1("\xff\xd8");
const EOI = latin1("\xff\xd9");
const scan = Buffer.concat([jpegSegment(0xda, Buffer.alloc(8)), latin1("data")]);
/** Of the first of three components, and of all three. */
const partialScan = Buffer.concat([jpegSegment(0xda, latin1("\x01\0\0\0\x3f\0")), latin1("data")]);
const wholeScan = Buffer.concat([
  jpegSegment(0xda, latin1("\x03\0\0\0\0\0\0\0\x3f\0")),
  latin1("data"),
]);
const frame = (code: number): Buffer =>
  jpegSegment(code, Buffer.concat([latin1("\x08\0\x08\0\x08\x03"), Buffer.alloc(9)]));
/** Whose second byte after the length is 3. */
const table = jpegSegment(0xc4, latin1("\x03"));

describe("countJpegScans", () => {
  it.each<[string, number, readonly Uint8Array[]]>([
    ["a baseline image", 1, [baseline]],
    ["a progressive image", 10, [progressive]],
    ["a progressive image with more of them", 15, [repeatLastScan(progressive, 5)]],
    ["a baseline image with scans that nobody reads", 1, [repeatLastScan(baseline, 5)]],
    [
      "a baseline image whose components are in scans of their own",
      3,
      [SOI, frame(0xc0), partialScan, table, partialScan, partialScan, EOI],
    ],
    [
      "a baseline image that begins with one component",
      2,
      [SOI, frame(0xc1), partialScan, wholeScan, EOI],
    ],
    [
      "a progressive image that begins with all components",
      2,
      [SOI, frame(0xc2), wholeScan, partialScan, EOI],
    ],
    ["an image without a frame", 2, [SOI, wholeScan, wholeScan, EOI]],
    ["no scan", 0, [SOI, EOI]],
    ["two scans", 2, [SOI, scan, scan, EOI]],
    ["no end", 2, [SOI, scan, scan]],
    [
      "what looks like scans in a segment",
      1,
      [SOI, jpegSegment(0xe1, Buffer.concat([scan, scan])), scan, EOI],
    ],
    ["what looks like scans in a scan's header", 1, [SOI, jpegSegment(0xda, scan), EOI]],
    ["another image after the end", 1, [SOI, scan, EOI, baseline]],
    ["a scan after the end", 1, [SOI, scan, EOI, latin1("\0\x02"), scan]],
    ["stuffed and fill bytes", 2, [SOI, scan, latin1("\xff\x00\xda\xff\xff\xff"), scan, EOI]],
    ["restart markers", 2, [SOI, scan, latin1("a\xff\xd0b\xff\xd7c"), scan, EOI]],
    ["noise between segments", 2, [SOI, latin1("noise"), scan, latin1("\0\0"), scan, EOI]],
    [
      "a segment that is cut off",
      1,
      [SOI, scan, jpegSegment(0xe1, Buffer.alloc(100)).subarray(0, 50)],
    ],
    ["a marker that is cut off", 1, [SOI, scan, latin1("\xff")]],
    ["a segment of length zero", 1, [SOI, latin1("\xff\xe0\x00\x00"), scan, EOI]],
    ["nothing", 0, []],
  ])("counts in %s: %i", (_, expected, parts) => {
    expect(countJpegScans(Buffer.concat(parts), 64)).toBe(expected);
  });

  it("stops one past the limit", () => {
    expect(countJpegScans(repeatLastScan(progressive, 500), 64)).toBe(65);
  });

  it.each([
    ["fill bytes", latin1("\xff")],
    ["stuffed bytes", latin1("\xff\x00")],
    ["empty segments", latin1("\xff\xe0\x00\x02")],
  ])("reads 200 kB of %s once", (_, filling) => {
    const bytes = Buffer.concat([SOI, Buffer.alloc(200_000, filling)]);
    expect(countJpegScans(limitReads(bytes, READS_A_BYTE * bytes.length), 64)).toBe(0);
  });
});

describe("fillJpegBlocks", () => {
  it("claims pixels up to a multiple, and changes none of those that were there", async () => {
    const image = drawQuadrants(321, 123);
    for (const options of [
      { chromaSubsampling: "4:2:0" },
      { chromaSubsampling: "4:4:4", progressive: true },
      { chromaSubsampling: "4:2:0", progressive: true },
    ]) {
      const bytes = await image.clone().jpeg(options).toBuffer();
      for (const [factor, width, height] of [
        [2, 322, 124],
        [4, 324, 124],
        [8, 328, 128],
      ] as const) {
        const filled = fillJpegBlocks(bytes, factor) ?? Buffer.of();
        expect(readJpegHeader(filled)).toMatchObject({ width, height });
        // where chroma is halved, the last pixel is mixed with the one behind it
        const part = { left: 0, top: 0, width: 320, height: 122 };
        const strict = { failOn: "warning" } as const;
        const read = (from: Uint8Array): Promise<Buffer> =>
          sharp(from, strict).extract(part).raw().toBuffer();
        expect((await read(filled)).equals(await read(bytes))).toBe(true);
      }
    }
  });

  it("gives up where more pixels may be more blocks, or more than a JPEG can have", () => {
    const start = jpeg.indexOf(Buffer.from("ffc0", "hex"));
    const uneven = Buffer.from(jpeg);
    uneven[start + 11] = 0x31;
    uneven[start + 14] = 0x21;
    expect(fillJpegBlocks(uneven, 8)).toBeUndefined();
    const huge = Buffer.from(jpeg);
    huge.writeUInt16BE(65_535, start + 7);
    expect(fillJpegBlocks(huge, 8)).toBeUndefined();
    expect(fillJpegBlocks(jpeg.subarray(0, 20), 8)).toBeUndefined();
  });
});
