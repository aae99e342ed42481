import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decode, distance, drawPhoto } from "../../support/images.ts";
import { latin1, pngChunk } from "../../support/image/hostile.ts";
import { makeVariant } from "../../support/image/make-variant.ts";

/** No multiple of 8 or 16, so that the last blocks are cut. */
const SIZE = { width: 331, height: 245 };
const photo = sharp(await drawPhoto(SIZE.width, SIZE.height));
const [baseline, progressive] = await Promise.all(
  [false, true].map((isProgressive) =>
    photo.clone().jpeg({ quality: 90, progressive: isProgressive }).toBuffer(),
  ),
);
const png = await photo.clone().png({ compressionLevel: 1 }).toBuffer();
const interlaced = await photo.clone().resize(37, 23).png({ progressive: true }).toBuffer();
const [lossy, lossless] = await Promise.all(
  [false, true].map((isLossless) => photo.clone().webp({ lossless: isLossless }).toBuffer()),
);

/** libjpeg decodes at all of its scales here, and sharp reads from the top, from the bottom, and all at once. */
const SPECS = [
  "",
  ...[300, 160, 75, 41, 30].map((width) => `w_${width}`),
  "crop_0_0_40_40",
  "crop_280_200_40_40",
  "trim_10,w_50",
  "a_90,w_50",
  "w_50,h_50,c_fill,g_auto",
];

async function tell(bytes: Uint8Array, spec: string): Promise<string> {
  return makeVariant(bytes, spec)
    .then(() => "image")
    .catch(({ code, message }: { code: string; message: string }) => `${code}: ${message}`);
}

async function tellAll(bytes: Uint8Array): Promise<readonly string[]> {
  const told = new Set<string>();
  for (const spec of SPECS) told.add(await tell(bytes, spec));
  return [...told];
}

const CUT_OFF =
  "unusable_original: the original is cut off before its last pixel: upload it once more";

/** The position of the last scan, which a progressive image has several of. */
function findLastScan(jpeg: Buffer): number {
  return jpeg.lastIndexOf(latin1("\xff\xda"));
}

describe.each([
  ["baseline", baseline ?? Buffer.of()],
  ["progressive", progressive ?? Buffer.of()],
])("transformImage, of a %s JPEG without its end marker", (_, jpeg) => {
  it.each([
    ["that has all blocks", jpeg.subarray(0, -2)],
    ["that has half of the marker", jpeg.subarray(0, -1)],
    ["with zeros in its place", Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(64)])],
    ["with noise in its place", Buffer.concat([jpeg.subarray(0, -2), latin1("noise ".repeat(9))])],
  ])("makes all variants of one %s, with the pixels of the whole one", async (_name, bytes) => {
    for (const spec of SPECS) {
      const [whole, mended] = [await makeVariant(jpeg, spec), await makeVariant(bytes, spec)];
      expect(Buffer.from(mended.bytes).equals(whole.bytes), spec).toBe(true);
    }
  });

  it.each([
    ["the last blocks", jpeg.subarray(0, -12)],
    ["half of its bytes", jpeg.subarray(0, jpeg.length / 2)],
    ["some blocks, and has zeros there", Buffer.concat([jpeg.subarray(0, -800), Buffer.alloc(20)])],
    ["all blocks", jpeg.subarray(0, findLastScan(jpeg) + 14)],
  ])("refuses one that lacks %s, whatever is asked for", async (_name, bytes) => {
    expect(await tellAll(bytes)).toEqual([CUT_OFF]);
  });
});

describe("transformImage, of a JPEG without its end marker", () => {
  it("does not mind the numbers that some phones write into a scan", async () => {
    const jpeg = Buffer.from(baseline ?? Buffer.of());
    const scan = findLastScan(jpeg);
    jpeg.set([0, 0, 0], scan + 2 + jpeg.readUInt16BE(scan + 2) - 3);
    expect(await tellAll(jpeg)).toEqual(["image"]);
    expect(await tellAll(jpeg.subarray(0, -2))).toEqual(["image"]);
  });

  it("refuses a progressive one that lacks a scan", async () => {
    const jpeg = progressive ?? Buffer.of();
    expect(await tellAll(jpeg.subarray(0, findLastScan(jpeg)))).toEqual([CUT_OFF]);
  });

  it("refuses one whose scans lack a component", async () => {
    const planes = await photo.clone().jpeg({ optimiseScans: true, progressive: true }).toBuffer();
    const second = planes.indexOf(latin1("\xff\xda"), planes.indexOf(latin1("\xff\xda")) + 2);
    expect(await tellAll(planes.subarray(0, second))).toEqual([CUT_OFF]);
  });

  it("leaves what follows the marker", async () => {
    const jpeg = baseline ?? Buffer.of();
    for (const more of [Buffer.alloc(99), latin1("film ".repeat(99)), jpeg.subarray(0, 900)]) {
      expect(await tellAll(Buffer.concat([jpeg, more]))).toEqual(["image"]);
    }
  });
});

/** A PNG with these data instead of its own. */
function replacePixels(original: Buffer, change: (data: Buffer) => Buffer): Buffer {
  const start = original.indexOf("IDAT") - 4;
  const parts: Buffer[] = [];
  for (let at = start; original.toString("latin1", at + 4, at + 8) === "IDAT";) {
    const end = at + 8 + original.readUInt32BE(at);
    parts.push(original.subarray(at + 8, end));
    at = end + 4;
  }
  const data = change(Buffer.concat(parts));
  const end = pngChunk("IEND", Buffer.of());
  return Buffer.concat([original.subarray(0, start), pngChunk("IDAT", data), end]);
}

function invert(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at);
  return changed;
}

const MENDED: [what: string, mend: (original: Buffer) => Buffer][] = [
  ["whose pixels have a wrong checksum", (bytes) => invert(bytes, bytes.length - 13)],
  [
    "with a wrong checksum in them",
    (bytes) => replacePixels(bytes, (data) => invert(data, data.length - 1)),
  ],
  ["without that checksum", (bytes) => replacePixels(bytes, (data) => data.subarray(0, -4))],
  ["with a part of it", (bytes) => replacePixels(bytes, (data) => data.subarray(0, -2))],
  ["without its end", (bytes) => bytes.subarray(0, -12)],
  ["that is cut off just after its pixels", (bytes) => bytes.subarray(0, -20)],
  ["with noise after it", (bytes) => Buffer.concat([bytes, latin1("noise")])],
];

describe("transformImage, of a PNG", () => {
  it.each(MENDED)("shows one %s", async (_, mend) => {
    for (const original of [png, interlaced]) {
      for (const spec of ["", "w_30", "crop_5_5_20_10", "a_90,w_20"]) {
        const [whole, mended] = [
          await decode((await makeVariant(original, spec)).bytes),
          await decode((await makeVariant(mend(original), spec)).bytes),
        ];
        for (const [x, y] of [
          [0, 0],
          [0.5, 0.5],
          [0.999, 0.999],
        ] as const) {
          expect(distance(mended.at(x, y), whole.at(x, y)), spec).toBe(0);
        }
      }
    }
  });

  it.each([
    ["lacks its last pixels", png.subarray(0, -60)],
    ["lacks half of its bytes", png.subarray(0, png.length / 2)],
  ])("refuses one that %s, whatever is asked for", async (_, bytes) => {
    expect(await tellAll(bytes)).toEqual([CUT_OFF]);
  });

  it("refuses one whose pixels two checksums say are damaged", async () => {
    const damaged = invert(png, png.length - 400);
    expect(await tell(damaged, "")).toContain("cannot be decoded");
  });
});

describe.each([
  ["lossy", lossy ?? Buffer.of()],
  ["lossless", lossless ?? Buffer.of()],
])("transformImage, of a %s WebP", (_, webp) => {
  function claim(more: number, bytes = webp): Buffer {
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(changed.readUInt32LE(4) + more, 4);
    return changed;
  }

  it.each([
    ["a byte more than there is", claim(1)],
    ["many bytes more than there are", claim(100_000)],
    ["a byte more, which belongs to no chunk", claim(3, Buffer.concat([webp, Buffer.of(7)]))],
  ])("shows one that claims %s", async (_name, bytes) => {
    const [whole, mended] = [await makeVariant(webp, ""), await makeVariant(bytes, "")];
    expect(Buffer.from(mended.bytes).equals(whole.bytes)).toBe(true);
    expect(await tellAll(bytes)).toEqual(["image"]);
  });

  it("shows one whose last byte is missing", async () => {
    expect(await tellAll(webp.subarray(0, -1))).toEqual(["image"]);
  });

  it("refuses one that lacks more, whatever is asked for", async () => {
    const [told, ...others] = await tellAll(webp.subarray(0, -9));
    expect([others.length, told]).toEqual([0, expect.stringContaining("cannot be decoded")]);
  });
});
