import { describe, expect, it } from "vitest";
import { countJpegScans } from "../../../src/image/input/jpeg-scans.ts";
import { drawQuadrants } from "../../support/images.ts";
import { jpegSegment, latin1, repeatLastScan } from "../../support/image/hostile.ts";

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
    ["fill bytes", Buffer.alloc(32_000_000, 0xff)],
    ["stuffed bytes", Buffer.alloc(32_000_000, latin1("\xff\x00"))],
    ["empty segments", Buffer.alloc(32_000_000, latin1("\xff\xe0\x00\x02"))],
  ])("walks over 32 MB of %s in bounded time", (_, filling) => {
    const start = performance.now();
    expect(countJpegScans(Buffer.concat([SOI, filling]), 64)).toBe(0);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
