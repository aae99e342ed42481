import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { admitOriginal, checkDimensions, checkHeld } from "../../../src/image/input/admit.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { decode, drawQuadrants, readGrid } from "../../support/images.ts";
import {
  ftyp,
  insertIntoPng,
  latin1,
  limitReads,
  pngChunk,
  repeatLastScan,
} from "../../support/image/hostile.ts";

const small = drawQuadrants(40, 20);
const tiff = await small.clone().tiff().toBuffer();
const progressive = await small.clone().jpeg({ progressive: true }).toBuffer();
const PROGRESSIVE_SCANS = 10;

function refusalOf(run: () => unknown): MediaError {
  try {
    run();
  } catch (error) {
    if (error instanceof MediaError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("admitOriginal", () => {
  it.each(["jpeg", "png", "webp", "gif", "avif"] as const)(
    "admits a %s as it is",
    async (format) => {
      const bytes = await small.clone().toFormat(format).toBuffer();
      expect(admitOriginal(bytes)).toEqual({ format, bytes });
    },
  );

  it.each([
    ["text", latin1("not an image"), "no known image"],
    ["nothing", new Uint8Array(), "no known image"],
    ["HTML", latin1("<!doctype html><p>404"), "no known image"],
    ["a film", ftyp("isom", ["mp42"]), "no known image"],
    ["SVG", latin1("<svg/>"), "the original is SVG"],
    ["SVG in XML", latin1("<?xml version='1.0'?><svg/>"), "the original is SVG"],
    ["TIFF", tiff, "the original is TIFF"],
    ["BMP", latin1("BM\x46\0\0\0"), "the original is BMP"],
    ["PDF", latin1("%PDF-1.7"), "the original is PDF"],
    ["PSD", latin1("8BPS\0\x01"), "the original is PSD"],
    ["JPEG XL", latin1("\xff\x0a"), "the original is JXL"],
    ["JPEG XL in boxes", latin1("\0\0\0\x0cJXL \r\n\x87\n"), "the original is JXL"],
    ["ICO", latin1("\0\0\x01\0\x01\0"), "the original is ICO"],
    ["TIFF of Motorola", latin1("MM\0*"), "the original is TIFF"],
    ["SVG in capitals", latin1("\n\t <SVG/>"), "the original is SVG"],
    ["SVG after a mark", Buffer.from('\ufeff<?xml version="1.0"?>\n<svg/>'), "the original is SVG"],
    ["SVG with a type", latin1('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">'), "is SVG"],
    ["HEIC of 10 bits", ftyp("heix"), "HEIC, whose HEVC codec"],
    ["an HEVC sequence", ftyp("hevc"), "HEIC, whose HEVC codec"],
    ["HEIC by a compatible brand", ftyp("mif1", ["heic"]), "HEIC, whose HEVC codec"],
    ["HTML with SVG", latin1("<!doctype html><html><svg></svg></html>"), "no known image"],
    ["HEIC", ftyp("heic", ["mif1", "heic"]), "HEIC, whose HEVC codec"],
    ["an image sequence of HEVC", ftyp("msf1", ["hevc"]), "HEIC, whose HEVC codec"],
  ])("refuses %s and says what is accepted", (_, bytes, reason) => {
    const { code, message } = refusalOf(() => admitOriginal(bytes));
    expect(code).toBe("unsupported_original");
    expect(message).toContain(reason);
    expect(message).toMatch(/; JPEG, .* originals are accepted$/);
  });

  it("names all formats that are accepted", () => {
    const { message } = refusalOf(() => admitOriginal(latin1("text")));
    expect(message).toBe(
      "the original is no known image; JPEG, PNG, WebP, GIF and AVIF originals are accepted",
    );
  });

  it("admits a JPEG of 64 scans and refuses one of 65", () => {
    const most = repeatLastScan(progressive, 64 - PROGRESSIVE_SCANS);
    expect(admitOriginal(most).format).toBe("jpeg");
    const tooMany = repeatLastScan(progressive, 65 - PROGRESSIVE_SCANS);
    const { code, message } = refusalOf(() => admitOriginal(tooMany));
    expect(code).toBe("unusable_original");
    expect(message).toBe("a JPEG original must have at most 64 scans");
  });

  it("admits a baseline JPEG of which libjpeg reads one scan, however many come after it", async () => {
    const bytes = await drawQuadrants(40, 20).jpeg().toBuffer();
    const turned = await drawQuadrants(40, 20).rotate(180).jpeg().toBuffer();
    const scans = repeatLastScan(turned, 100).subarray(turned.lastIndexOf(latin1("\xff\xda")));
    const more = Buffer.concat([bytes.subarray(0, -2), scans]);
    expect(admitOriginal(more).format).toBe("jpeg");
    expect(readGrid(await decode(more))).toBe("RG/BY");
  });

  it("refuses a JPEG of a hundred thousand scans without counting them all", () => {
    const bomb = repeatLastScan(progressive, 100_000);
    const counted = limitReads(bomb, bomb.length / 100);
    expect(refusalOf(() => admitOriginal(counted)).code).toBe("unusable_original");
  });

  it("takes the text out of a PNG", async () => {
    const png = await small.clone().png().toBuffer();
    const text = pngChunk("tEXt", latin1("Comment\0hello"));
    const { bytes } = admitOriginal(new Uint8Array(insertIntoPng(png, [text])));
    expect(Buffer.from(bytes).equals(png)).toBe(true);
  });
});

describe("checkDimensions", () => {
  const limits = {
    ...DEFAULT_IMAGE_LIMITS,
    maxPixels: 1000,
    maxJpegPixels: 2000,
    maxAvifPixels: 500,
    maxSide: 100,
  };
  const streamed = { width: 1, height: 1, isStreamed: true };

  it.each([
    [100, 10, "jpeg", undefined],
    [100, 20, "jpeg", streamed],
    [10, 100, "png", undefined],
    [1, 1, "gif", undefined],
    [50, 10, "avif", undefined],
  ] as const)("lets %i×%i of %s pass", (width, height, format, header) => {
    expect(() => checkDimensions({ width, height }, limits, { format, header })).not.toThrow();
  });

  it.each([
    [101, 1, "jpeg", undefined, "101×1, but no side may be over 100 pixels (MAX_ORIGINAL_SIDE)"],
    [1, 101, "webp", undefined, "1×101, but no side may be over 100 pixels (MAX_ORIGINAL_SIDE)"],
    [
      77,
      13,
      "png",
      undefined,
      "77×13, but png originals may have at most 1000 pixels (MAX_ORIGINAL_PIXELS)",
    ],
    [
      77,
      13,
      "jpeg",
      undefined,
      "77×13, but jpeg originals may have at most 1000 pixels (MAX_ORIGINAL_PIXELS)",
    ],
    [
      87,
      23,
      "jpeg",
      streamed,
      "87×23, but jpeg originals may have at most 2000 pixels (MAX_JPEG_PIXELS)",
    ],
    [
      51,
      10,
      "avif",
      undefined,
      "51×10, but avif originals may have at most 500 pixels (MAX_AVIF_PIXELS)",
    ],
  ] as const)(
    "refuses %i×%i of %s and names the limit",
    (width, height, format, header, reason) => {
      const check = (): void => checkDimensions({ width, height }, limits, { format, header });
      const { code, message } = refusalOf(check);
      expect(code).toBe("unusable_original");
      expect(message).toBe(`the original is ${reason}`);
    },
  );

  it("holds AVIF to the lower of both limits", () => {
    const lower = { ...limits, maxAvifPixels: 5000 };
    const size = { width: 77, height: 13 };
    expect(() => checkDimensions(size, lower, { format: "avif" })).toThrow("at most 1000");
  });

  it.each([
    ["50 MP of a phone", 8192, 6144, "png", undefined],
    ["a panorama of 64 MP", 16_382, 3900, "png", undefined],
    ["108 MP", 12_000, 9000, "jpeg", streamed],
    ["200 MP", 16_320, 12_240, "jpeg", streamed],
    ["20 MP as AVIF", 5472, 3648, "avif", undefined],
  ] as const)("has limits that %s are within", (_, width, height, format, header) => {
    const size = { width, height };
    expect(() => checkDimensions(size, DEFAULT_IMAGE_LIMITS, { format, header })).not.toThrow();
  });
});

describe("checkHeld", () => {
  it("refuses what can be reduced, and is too large to be held", () => {
    const size = { width: 12_000, height: 9000 };
    const held = { channels: 3, isStreamed: true };
    expect(() => checkHeld(size, held)).not.toThrow();
    expect(refusalOf(() => checkHeld(size, { ...held, isStreamed: false })).message).toBe(
      "the original is 12000×9000, which takes 972000000 bytes to be looked at as a whole, " +
        'but may take at most 500000000: ask for it without "trim"',
    );
    const larger = { width: 16_320, height: 12_240 };
    expect(refusalOf(() => checkHeld(larger, held)).code).toBe("unusable_original");
  });
});
