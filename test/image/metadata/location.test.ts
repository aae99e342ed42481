import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { applyEdits } from "../../../src/image/metadata/edit.ts";
import { findLocation } from "../../../src/image/metadata/location.ts";
import {
  drawBare,
  drawMultiPicture,
  eraseLocation,
  EXIF_SEGMENT,
  insertChunks,
  insertSegments,
  IPTC_SEGMENT,
  LATITUDE,
  PLACE_WORDS,
  PNG_CHUNKS,
  writeExtendedXmp,
  writeHeic,
  writeVideo,
  XMP,
  XMP_SEGMENT,
} from "../../support/image/metadata.ts";

const GPS = { IFD3: { GPSLatitudeRef: "N", GPSLatitude: "53/1 33/1 314159/10000" } } as const;

/** The place in all spellings, also in big-endian numbers. */
const SECRETS: readonly Buffer[] = [
  ...PLACE_WORDS.map((word) => Buffer.from(word)),
  LATITUDE,
  Buffer.from(LATITUDE).swap32(),
];

function namesPlace(bytes: Buffer): boolean {
  return SECRETS.some((secret) => bytes.includes(secret));
}

/** Decoded pixels, without the orientation. */
async function decodePixels(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes).raw().toBuffer();
}

const jpeg = await drawBare("jpeg");
const png = await drawBare("png");
const avif = await drawBare("avif");

function writeWith(format: "jpeg" | "png" | "webp" | "avif"): Promise<Buffer> {
  return sharp(jpeg)
    .withExif({ IFD0: { Copyright: "(c) Ann" }, ...GPS })
    .withXmp(XMP)
    .toFormat(format)
    .toBuffer();
}

const FILES: Readonly<Record<string, Buffer>> = {
  "a JPEG with Exif": insertSegments(jpeg, [EXIF_SEGMENT]),
  "a JPEG with XMP": insertSegments(jpeg, [XMP_SEGMENT]),
  "a JPEG with IPTC": insertSegments(jpeg, [IPTC_SEGMENT]),
  "a JPEG with all of them": insertSegments(jpeg, [EXIF_SEGMENT, XMP_SEGMENT, IPTC_SEGMENT]),
  "a JPEG with XMP in several segments": insertSegments(jpeg, writeExtendedXmp()),
  "a JPEG of two images": await drawMultiPicture(),
  ...Object.fromEntries(
    Object.entries(PNG_CHUNKS).map(([name, chunk]) => [
      `a PNG with ${name}`,
      insertChunks(png, [chunk]),
    ]),
  ),
  "a JPEG of sharp": await writeWith("jpeg"),
  "a PNG of sharp": await writeWith("png"),
  "a WebP of sharp": await writeWith("webp"),
  "an AVIF of sharp": await writeWith("avif"),
};

describe("findLocation", () => {
  it.each(Object.entries(FILES))("erases the location of %s, and nothing else", async (_, file) => {
    const erased = Buffer.from(file);
    expect(eraseLocation(erased)).toBe("erased");
    expect(namesPlace(erased)).toBe(false);
    expect(await decodePixels(erased)).toEqual(await decodePixels(file));
    const [{ orientation }, before] = [
      await sharp(erased).metadata(),
      await sharp(file).metadata(),
    ];
    expect(orientation).toBe(before.orientation);
    expect(eraseLocation(erased)).toBe("none");
  });

  it("erases the location of a HEIC, whose Exif lies in two parts", () => {
    const file = writeHeic();
    expect(namesPlace(file)).toBe(true);
    expect(eraseLocation(file)).toBe("erased");
    expect(namesPlace(file)).toBe(false);
    expect(file.includes("(c) Ann")).toBe(true);
  });

  it.each([
    ["after a JPEG", jpeg],
    ["after an AVIF", avif],
  ])("erases the location of a video %s, and keeps its boxes", (_, image) => {
    const file = Buffer.concat([image, writeVideo()]);
    const erased = Buffer.from(file);
    expect(eraseLocation(erased)).toBe("erased");
    expect(namesPlace(erased)).toBe(false);
    expect(erased.subarray(0, image.length)).toEqual(image);
    expect(eraseLocation(erased)).toBe("none");
  });

  it("erases XMP of a GIF, which decoders still read to its end", async () => {
    const gif = await sharp(jpeg).gif().toBuffer();
    const trailer = Buffer.from([1, ...Array.from({ length: 256 }, (_, index) => 255 - index), 0]);
    const extension = [Buffer.from("!\xff\x0bXMP DataXMP", "latin1"), Buffer.from(XMP), trailer];
    // before the last byte, which ends the file
    const file = Buffer.concat([gif.subarray(0, -1), ...extension, gif.subarray(-1)]);
    const erased = Buffer.from(file);
    expect(eraseLocation(erased)).toBe("erased");
    expect(namesPlace(erased)).toBe(false);
    expect(await decodePixels(erased)).toEqual(await decodePixels(gif));
  });

  it.each(["jpeg", "png", "webp", "avif"] as const)("finds none in a bare %s", async (format) => {
    const file = await drawBare(format);
    const erased = Buffer.from(file);
    expect(eraseLocation(erased)).toBe("none");
    expect(erased).toEqual(file);
  });

  it.each([
    ["a PDF", Buffer.from("%PDF-1.7 ")],
    [
      "compressed XMP that is broken",
      insertChunks(png, [
        Buffer.concat([
          Buffer.from("\0\0\0\x18iTXtXML:com.adobe.xmp\0\x01\0\0\0xx", "latin1"),
          Buffer.alloc(4),
        ]),
      ]),
    ],
    ["nothing", Buffer.alloc(0)],
  ])("knows nothing of %s", (_, file) => {
    const erased = Buffer.from(file);
    expect(eraseLocation(erased)).toBe("unknown");
    expect(erased).toEqual(file);
  });

  it("covers all of an XMP packet with letters of two bytes", () => {
    const packet = Buffer.from(XMP, "utf16le");
    const [head, tail] = [XMP_SEGMENT.subarray(4, 33), packet];
    const size = Buffer.alloc(2);
    size.writeUInt16BE(head.length + tail.length + 2);
    const file = insertSegments(jpeg, [
      Buffer.concat([Buffer.from([0xff, 0xe1]), size, head, tail]),
    ]);
    expect(eraseLocation(file)).toBe("erased");
    expect(file.includes(Buffer.from("Altona", "utf16le"))).toBe(false);
  });

  it("keeps to metadata, and to the length, whatever the bytes", async () => {
    const files = Object.values(FILES);
    const mutation = fc.record({
      file: fc.nat({ max: files.length - 1 }),
      changes: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
          byte: fc.nat({ max: 255 }),
        }),
        {
          maxLength: 8,
        },
      ),
      cut: fc.double({ min: 0.1, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ file, changes, cut }) => {
        const mutated = Buffer.from(files[file] ?? []).subarray(0);
        for (const { at, byte } of changes) mutated[Math.floor(at * mutated.length)] = byte;
        const input = mutated.subarray(0, Math.ceil(cut * mutated.length));
        const erased = Buffer.from(input);
        eraseLocation(erased);
        expect(erased.length).toBe(input.length);
        const [before, after] = await Promise.all(
          [input, erased].map((bytes) => decodePixels(bytes).catch(() => undefined)),
        );
        // a checksum that is right again may let a decoder read what it refused
        if (before) expect(after).toEqual(before);
        expect(findLocation(erased).edits).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("applyEdits", () => {
  it("gives any part of a file the bytes that the whole has", () => {
    const whole = FILES["a JPEG with all of them"] ?? jpeg;
    const { edits } = findLocation(whole);
    const erased = Buffer.from(whole);
    applyEdits(erased, edits);
    const position = fc.nat({ max: whole.length });
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const part = Buffer.from(whole.subarray(from, to));
        applyEdits(part, edits, from);
        expect(part).toEqual(erased.subarray(from, to));
      }),
    );
  });
});
