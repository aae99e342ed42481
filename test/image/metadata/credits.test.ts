import { describe, expect, it } from "vitest";
import { readCredits } from "../../../src/image/metadata/credits.ts";
import {
  COPYRIGHT,
  drawBare,
  eraseLocation,
  EXIF_SEGMENT,
  insertChunks,
  insertSegments,
  IPTC_SEGMENT,
  PNG_CHUNKS,
  TAKEN_AT,
  writeExif,
  writeHeic,
  writeSegment,
  XMP_SEGMENT,
} from "../../support/image/metadata.ts";

const jpeg = await drawBare("jpeg");
const png = await drawBare("png");

describe("readCredits", () => {
  it.each([
    ["Exif", insertSegments(jpeg, [EXIF_SEGMENT])],
    ["XMP", insertSegments(jpeg, [XMP_SEGMENT])],
    ["Exif of a PNG", insertChunks(png, [PNG_CHUNKS["Exif"] ?? png])],
    ["compressed XMP", insertChunks(png, [PNG_CHUNKS["compressed XMP"] ?? png])],
    ["a HEIC", writeHeic()],
  ])("reads date and copyright of %s, also without the location", (_, file) => {
    const credits = { takenAt: TAKEN_AT, copyright: COPYRIGHT };
    expect(readCredits(file)).toEqual(credits);
    eraseLocation(file);
    expect(readCredits(file)).toEqual(credits);
  });

  it("reads the copyright of IPTC", () => {
    const file = insertSegments(jpeg, [IPTC_SEGMENT]);
    expect(readCredits(file)).toEqual({ copyright: COPYRIGHT });
  });

  it("takes each from the first block that has it", () => {
    const exif = writeExif("II")
      .toString("latin1")
      .replace(COPYRIGHT, "\0".repeat(COPYRIGHT.length));
    const segment = writeSegment(0xe1, "Exif\0\0", exif.replace("2021", "2019"));
    expect(readCredits(insertSegments(jpeg, [segment, XMP_SEGMENT]))).toEqual({
      takenAt: TAKEN_AT.replace("2021", "2019"),
      copyright: COPYRIGHT,
    });
  });

  it.each([
    ["a date that is none", "2021:05:06", "2021:13:46"],
    ["no date", "2021:05:06 07:08:09", "    :  :     :  :  "],
  ])("reads no date from %s", (_, old, date) => {
    const exif = writeExif("MM").toString("latin1").replace(old, date);
    const file = insertSegments(jpeg, [writeSegment(0xe1, "Exif\0\0", exif)]);
    expect(readCredits(file)).toEqual({ copyright: COPYRIGHT });
  });

  it("reads nothing from a bare image, and from other files", async () => {
    expect(readCredits(await drawBare("webp"))).toEqual({});
    expect(readCredits(Buffer.from("%PDF-1.7"))).toEqual({});
  });
});
