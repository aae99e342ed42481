import { execFileSync } from "node:child_process";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../../src/image/input/limits.ts";
import { dropFineScans } from "../../../../src/image/input/jpeg/coarse.ts";
import { transformImage } from "../../../../src/image/pipeline/pipeline.ts";
import type { Sharing } from "../../../../src/image/share/sharing.ts";
import type { TransformSpec } from "../../../../src/transform/spec.ts";
import { drawPhoto, drawQuadrants } from "../../../support/images.ts";
import { jpegSegment, latin1, limitReads } from "../../../support/image/hostile.ts";
import { expectMade } from "../../../support/image/make-variant.ts";
import { chooseRows, chooseRuns } from "../../../support/runs.ts";

/** Of a walk that goes over bytes once. */
const READS_A_BYTE = 5;

const WIDTH = 805;
const HEIGHT = 601;
const photo = await drawPhoto(WIDTH, HEIGHT);
const progressive = await sharp(photo).jpeg({ progressive: true }).toBuffer();

/** As sharp has it decoded at an eighth, with nothing to complain about. */
function shrink(jpeg: Uint8Array, width: number, height: number): Promise<Buffer> {
  const image = sharp(jpeg, { failOn: "warning" }).resize({ width, height, fit: "fill" });
  return image.toColourspace("srgb").raw().toBuffer();
}

/** The same of what may be damaged, as the service has it decoded. */
function tryShrink(jpeg: Uint8Array): Promise<Buffer | undefined> {
  const image = sharp(jpeg, { failOn: "error" }).resize(80, 60, { fit: "fill" });
  return image
    .raw()
    .toBuffer()
    .catch(() => undefined);
}

async function expectSame(jpeg: Buffer): Promise<void> {
  const coarse = dropFineScans(jpeg);
  expect(coarse.length).toBeLessThan(jpeg.length);
  const { width, height } = await sharp(jpeg).metadata();
  for (const factor of [9, 10.3, 30]) {
    const size = [Math.floor(width / factor), Math.floor(height / factor)] as const;
    expect((await shrink(coarse, ...size)).equals(await shrink(jpeg, ...size))).toBe(true);
  }
}

describe("dropFineScans", () => {
  it.each([
    ["chroma at half the resolution", sharp(photo)],
    ["chroma at the full resolution", sharp(photo).jpeg({ chromaSubsampling: "4:4:4" })],
    ["fine steps", sharp(photo).jpeg({ quality: 100 })],
    ["coarse steps", sharp(photo).jpeg({ quality: 5 })],
    ["mozjpeg's order of scans", sharp(photo).jpeg({ mozjpeg: true })],
    ["grey alone", sharp(photo).toColourspace("b-w")],
    ["four components", sharp(photo).toColourspace("cmyk")],
    ["more blocks than a run can have", sharp(photo).resize(6001, 407, { fit: "fill" })],
    ["a few blocks", sharp(photo).resize(33, 31, { fit: "fill" })],
    ["metadata", sharp(photo).withMetadata({ orientation: 6 }).withIccProfile("p3")],
  ])("changes nothing at an eighth of an image with %s", async (_, image) => {
    await expectSame(await image.jpeg({ progressive: true }).toBuffer());
  });

  describe.skipIf(!hasCjpeg())("what only cjpeg writes", () => {
    const sampling = ["2x1", "1x2", "4x1", "4x2", "1x1,2x2,2x2", "2x2,2x1,1x2", "2x1,1x1,1x2"];
    const rows = sampling.flatMap((factors) =>
      ["0", "1", "7B"].map((restart) => [factors, restart]),
    );
    it.each(chooseRows(rows, 5))(
      "changes nothing at an eighth of an image sampled %s, restarted every %s",
      async (factors = "", restart = "") => {
        const pixels = await sharp(photo).raw().toBuffer();
        const input = Buffer.concat([latin1(`P6\n${WIDTH} ${HEIGHT}\n255\n`), pixels]);
        const args = ["-progressive", "-sample", factors, "-restart", restart];
        await expectSame(execFileSync("cjpeg", args, { input }));
      },
    );
  });

  it("leaves out most of a photograph", () => {
    expect(dropFineScans(progressive).length).toBeLessThan(progressive.length / 2);
  });

  it("gives back what is no complete progressive image, or out of the ordinary", async () => {
    const frame = progressive.indexOf(latin1("\xff\xc2"));
    const firstScan = progressive.indexOf(latin1("\xff\xda"));
    const lastScan = progressive.lastIndexOf(latin1("\xff\xda"));
    const end = progressive.subarray(-2);
    const withTwins = Buffer.from(progressive);
    withTwins[frame + 13] = progressive[frame + 10] ?? 0; // two components of one name
    const rows: readonly Uint8Array[] = [
      await drawQuadrants(90, 80).jpeg().toBuffer(),
      await drawQuadrants(90, 80).png().toBuffer(),
      Buffer.of(),
      progressive.subarray(0, -2),
      progressive.subarray(0, lastScan + 5),
      Buffer.concat([progressive.subarray(0, lastScan), end]),
      Buffer.concat([progressive.subarray(0, frame), end]),
      withFill(progressive),
      Buffer.concat([progressive.subarray(0, 2), latin1("noise"), progressive.subarray(2)]),
      Buffer.concat([progressive.subarray(0, firstScan), progressive.subarray(frame)]),
      withTwins,
      withScanHeader(progressive, { 9: 0x30 }), // bits that no scan before has left
      withScanHeader(progressive, { 8: 64 }), // one coefficient too many
      withScanHeader(progressive, { 7: 0 }), // a mean beside the others
      Buffer.concat([latin1("\xff\xd8"), jpegSegment(0xc2, latin1("\x08\0\x08\0\x08\0")), end]),
    ];
    for (const [index, row] of rows.entries()) {
      expect(dropFineScans(row) === row, `row ${index}`).toBe(true);
    }
  });

  it("survives anything, and leaves what comes before the scans alone", () => {
    const header = progressive.subarray(0, progressive.indexOf(latin1("\xff\xda")));
    fc.assert(
      fc.property(fc.nat(progressive.length), fc.uint8Array({ maxLength: 9 }), (at, garbage) => {
        const bytes = Buffer.from(progressive);
        bytes.set(garbage.subarray(0, bytes.length - at), at);
        const { length } = at < header.length ? { length: at } : header;
        const coarse = dropFineScans(bytes).subarray(0, length);
        expect(Buffer.compare(coarse, bytes.subarray(0, length))).toBe(0);
        expect(dropFineScans(bytes.subarray(0, at)).length).toBeLessThanOrEqual(at);
      }),
    );
  });

  it("changes nothing at an eighth of a damaged image, if there is any of it to see", async () => {
    const data = progressive.indexOf(latin1("\xff\xda"));
    const at = fc.integer({ min: data, max: progressive.length - 3 });
    await fc.assert(
      fc.asyncProperty(at, fc.uint8Array({ minLength: 1, maxLength: 3 }), async (from, garbage) => {
        const bytes = Buffer.from(progressive);
        bytes.set(garbage.subarray(0, bytes.length - 2 - from), from);
        const whole = await tryShrink(bytes);
        if (whole) expect((await tryShrink(dropFineScans(bytes)))?.equals(whole)).toBe(true);
      }),
      { numRuns: chooseRuns(40, 200) },
    );
  });

  it.each([
    ["segments", latin1("\xff\xe0\x00\x02")],
    ["stuffed bytes", latin1("\xff\0")],
    ["fill bytes", latin1("\xff")],
  ])("reads 200 kB of %s once", (_, filling) => {
    const header = progressive.subarray(0, progressive.lastIndexOf(latin1("\xff\xda")) + 10);
    const bytes = Buffer.concat([header, Buffer.alloc(200_000, filling)]);
    const counted = limitReads(bytes, READS_A_BYTE * bytes.length);
    expect(dropFineScans(counted)).toBe(counted);
  });
});

describe("transformImage of a progressive JPEG", () => {
  const lying = sharp(photo).withMetadata({ orientation: 5 }).jpeg({ progressive: true });

  const specs: readonly TransformSpec[] = [
    ...[40, 79, 87, 88, 89, 90, 100, 101, 120, 200, 201].map((width) => ({ width })),
    { width: 80, height: 30, mode: "scale" },
    { width: 60, height: 60, mode: "fill", gravity: "north" },
    { width: 60, height: 60, mode: "fill", gravity: "auto" },
    { width: 88, height: 88, mode: "fill", gravity: "auto" },
    ...[65, 66, 67].map(
      (height) => ({ width: 40, height, mode: "fill", gravity: "auto" }) as const,
    ),
    ...[88, 89, 90].map(
      (width) => ({ width, height: 40, mode: "fill", gravity: "entropy" }) as const,
    ),
    { width: 40, crop: { unit: "fraction", x: 0, y: 0, width: 0.5, height: 0.5 } },
    { width: 40, trim: 10 },
    { width: 40, gamma: 3, sharpen: 50 },
    { width: 40, rotate: 30, flip: "h" },
    { width: 40, rotate: "ignore" },
    { width: 40, height: 40, mode: "pad", radius: 9 },
  ];
  it.each(chooseRows(specs, 9))("makes what all of it would make: %j", async (spec) => {
    for (const jpeg of [progressive, await lying.toBuffer()]) {
      const [made, meant] = [await make(jpeg, spec), await make(withFill(jpeg), spec)];
      expect(Buffer.compare(made, meant)).toBe(0);
    }
  });

  it("reads nothing of the scans that do not show, however it lies", async () => {
    for (const jpeg of [progressive, await lying.toBuffer()]) {
      const odd = withScanHeader(jpeg, { 6: 0x03 }); // by a table that there is not
      await expect(make(odd, { width: 60, height: 60, mode: "fill" })).resolves.toBeDefined();
      await expect(make(odd, { width: 100 })).rejects.toMatchObject({ code: "unusable_original" });
    }
  });

  it("hands on what all of it would make", async () => {
    const made: Sharing = { sharesDecode: true };
    const meant: Sharing = { sharesDecode: true };
    await make(progressive, { width: 80 }, "png", made);
    await make(withFill(progressive), { width: 80 }, "png", meant);
    expect(made.decoded?.pixels.data).toBeDefined();
    expect(made.decoded).toEqual(meant.decoded);
  });

  it("describes what all of it would be described as", async () => {
    const large = await sharp(photo).resize(2000).jpeg({ progressive: true }).toBuffer();
    const [told, meant] = [await make(large, {}, "json"), await make(withFill(large), {}, "json")];
    expect(readJson(told)).toEqual({ ...readJson(meant), bytes: large.length });
  });
});

async function make(
  bytes: Uint8Array,
  spec: TransformSpec,
  format: "png" | "json" = "png",
  sharing?: Sharing,
): Promise<Uint8Array> {
  const around = { limits: DEFAULT_IMAGE_LIMITS, ...(sharing && { sharing }) };
  return expectMade(await transformImage({ bytes, spec, format }, around)).bytes;
}

/** The same image, with other bytes in the header of its last scan, which is one of luma. */
function withScanHeader(jpeg: Buffer, bytes: Readonly<Record<number, number>>): Buffer {
  const changed = Buffer.from(jpeg);
  const scan = jpeg.lastIndexOf(latin1("\xff\xda"));
  for (const [at, byte] of Object.entries(bytes)) changed[scan + Number(at)] = byte;
  return changed;
}

function readJson(bytes: Uint8Array): object {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as object; // what describes an image is one
}

/** The same image, with a byte that means nothing: enough to be out of the ordinary. */
function withFill(jpeg: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), latin1("\xff"), jpeg.subarray(2)]);
}

function hasCjpeg(): boolean {
  try {
    execFileSync("cjpeg", ["-version"], { stdio: "ignore", input: "" });
    return true;
  } catch {
    return false;
  }
}
