import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  drawBare,
  drawMultiPicture,
  eraseLocation,
  EXIF_SEGMENT,
  insertChunks,
  insertSegments,
  IPTC_SEGMENT,
  PNG_CHUNKS,
  writeExtendedXmp,
  writeHeic,
  XMP,
  XMP_SEGMENT,
} from "../../support/image/metadata.ts";
import { hasExiftool, readWithExiftool } from "../../support/programs/exiftool.ts";

/** A tag of a place, and its value; `[GPS] GPSLatitude : 53 deg`. */
const PLACE = /\] (?:\w*GPS(?!Version)|[\w-]*(?:City|Location|State|Country))[\w-]* :(.*)/i;

function listPlaces(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => PLACE.exec(line)?.[1]?.trim());
}

function listOthers(lines: readonly string[]): readonly string[] {
  return lines.filter(
    (line) => !PLACE.test(line) && !/GPSVersionID|Digest|Validate|MetaImageSize/.test(line),
  );
}

describe.skipIf(!hasExiftool())("a file without its location, read by exiftool", async () => {
  const jpeg = await drawBare("jpeg");
  const png = await drawBare("png");
  const avif = sharp(jpeg).withExif({ IFD3: { GPSLatitude: "53/1 33/1 30/1" } });
  const files: Readonly<Record<string, Buffer>> = {
    "a JPEG": insertSegments(jpeg, [EXIF_SEGMENT, XMP_SEGMENT, IPTC_SEGMENT]),
    "a JPEG with XMP in several segments": insertSegments(jpeg, [
      XMP_SEGMENT,
      ...writeExtendedXmp(),
    ]),
    "a JPEG of two images": await drawMultiPicture(),
    ...Object.fromEntries(
      Object.entries(PNG_CHUNKS).map(([name, chunk]) => [
        `a PNG with ${name}`,
        insertChunks(png, [chunk]),
      ]),
    ),
    "a WebP": await sharp(jpeg)
      .withExif({ IFD3: { GPSLatitude: "53/1 33/1 30/1" } })
      .withXmp(XMP)
      .webp()
      .toBuffer(),
    "an AVIF": await avif.withXmp(XMP).avif().toBuffer(),
    "a HEIC": writeHeic(),
  };

  it.each(Object.entries(files))("has none in %s, and all else", (_, file) => {
    const before = readWithExiftool(file);
    expect(listPlaces(before)).not.toEqual([]);
    eraseLocation(file);
    const after = readWithExiftool(file);
    expect(listPlaces(after)).toEqual([]);
    expect(listOthers(after)).toEqual(listOthers(before));
  });
});
