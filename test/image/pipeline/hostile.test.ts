import { deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/errors.ts";
import { MediaError } from "../../../src/errors.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { drawQuadrants, readGrid } from "../../support/images.ts";
import {
  drawPngHeader,
  ftyp,
  insertIntoPng,
  latin1,
  pngChunk,
  repeatLastScan,
} from "../../support/image/hostile.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";
import { chooseRuns } from "../../support/runs.ts";

const jpeg = await drawQuadrants(400, 400).jpeg().toBuffer();
const png = await drawQuadrants(400, 400).png().toBuffer();
const webp = await drawQuadrants(64, 64).webp().toBuffer();
const gif = await drawQuadrants(64, 64).gif().toBuffer();
const avif = await drawQuadrants(64, 64).avif({ effort: 0 }).toBuffer();

async function drawFlat(width: number, height: number): Promise<Buffer> {
  const create = { width, height, channels: 3, background: "red" } as const;
  return sharp({ create, limitInputPixels: false }).png({ compressionLevel: 1 }).toBuffer();
}

/** An original, and what it is refused with. */
const REFUSED: [name: string, bytes: Buffer, code: ErrorCode, reason: string][] = [
  ["text that is named a JPEG", latin1("not an image"), "unsupported_original", "no known image"],
  ["an empty file", Buffer.alloc(0), "unsupported_original", "no known image"],
  ["SVG", latin1("<svg/>"), "unsupported_original", "SVG"],
  ["HEIC", ftyp("heic", ["mif1"]), "unsupported_original", "HEIC"],
  ["half a WebP", webp.subarray(0, webp.length / 2), "unusable_original", "cannot be decoded"],
  ["half an AVIF", avif.subarray(0, avif.length / 2), "unusable_original", "cannot be decoded"],
  ["the start of a JPEG", jpeg.subarray(0, 3), "unusable_original", "cannot be decoded"],
  [
    "a PNG of one very long line",
    await drawFlat(1, 65_535),
    "unusable_original",
    "1×65535, but no side may be over 16384 pixels (MAX_ORIGINAL_SIDE)",
  ],
  [
    "41 bytes that promise 25 MP",
    drawPngHeader(786_464, 32),
    "unusable_original",
    "786464×32, but no side may be over 16384 pixels (MAX_ORIGINAL_SIDE)",
  ],
  [
    "a PNG of 73.1 MP",
    await drawFlat(8550, 8550),
    "unusable_original",
    "8550×8550, but png originals may have at most 72000000 pixels (MAX_ORIGINAL_PIXELS)",
  ],
  [
    "a JPEG of 1000 scans",
    repeatLastScan(await drawQuadrants(64, 64).jpeg({ progressive: true }).toBuffer(), 990),
    "unusable_original",
    "at most 64 scans",
  ],
  [
    "an AVIF that is HEVC inside",
    Buffer.concat([ftyp("avif"), Buffer.alloc(200)]),
    "unusable_original",
    "cannot be decoded",
  ],
];

describe("transformImage", () => {
  it.each(REFUSED)(
    "refuses %s before it decodes anything, and says why",
    async (_, bytes, code, reason) => {
      let pipelines = 0;
      const count = (): void => void (pipelines += 1);
      sharp.queue.on("change", count);
      const error: unknown = await makeVariant(bytes, "w_10", "webp").catch(
        (thrown: unknown) => thrown,
      );
      sharp.queue.off("change", count);
      expect(pipelines).toBe(0);
      expect(error).toBeInstanceOf(MediaError);
      expect(error).toMatchObject({ code, message: expect.stringContaining(reason) as string });
    },
  );

  it.each([
    ["JPEG", jpeg],
    ["PNG", png],
  ])("refuses half a %s, and says why", async (_, bytes) => {
    const half = makeVariant(bytes.subarray(0, bytes.length / 2), "w_10", "webp");
    const message = expect.stringContaining("the original is cut off") as string;
    await expect(half).rejects.toMatchObject({ code: "unusable_original", message });
  });

  it("has a limit of its own for AVIF", async () => {
    const job = { bytes: avif, spec: {}, format: "png" } as const;
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxAvifPixels: 64 * 64 };
    expect(await transformImage(job, { limits })).toMatchObject({ width: 64, height: 64 });
    const refusal = transformImage(job, { limits: { ...limits, maxAvifPixels: 64 * 64 - 1 } });
    await expect(refusal).rejects.toThrow(
      "64×64, but avif originals may have at most 4095 pixels (MAX_AVIF_PIXELS)",
    );
  });

  it("keeps what the decoder said for the log", async () => {
    const error: unknown = await makeVariant(jpeg.subarray(0, 2000), "").catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      message: expect.stringContaining("the original is cut off") as string,
      cause: { message: expect.stringContaining("premature end") as string },
    });
  });

  it("is not slowed down by a PNG's text", async () => {
    const bomb = Buffer.concat([latin1("Comment\0\0"), deflateSync(Buffer.alloc(49_000_000))]);
    const text = pngChunk("zTXt", bomb);
    const original = insertIntoPng(
      png,
      Array.from({ length: 40 }, () => text),
    );
    expect(readGrid(await viewVariant(original, "w_100"))).toBe("RG/BY");
  });

  it("reads a JPEG with noise after its end, as browsers do", async () => {
    const noisy = Buffer.concat([jpeg, latin1("noise")]);
    expect(readGrid(await viewVariant(noisy, "w_100"))).toBe("RG/BY");
  });

  it.each([
    [1, 16_384],
    [16_384, 1],
    [1, 1],
  ])("makes anything of %i×%i within the limits of a variant", async (width, height) => {
    const bytes = await drawFlat(width, height);
    const specs = [
      "",
      "w_300",
      "w_300,h_200",
      "w_300,h_200,c_fill",
      "w_300,h_200,c_fill,g_auto",
      "w_300,h_200,c_pad",
      "w_300,h_200,c_scale",
      "ar_16:9",
      "ar_1:1,w_100,c_pad,a_45",
      "flip_h,a_90",
    ];
    for (const spec of specs) {
      const image = await viewVariant(bytes, spec);
      expect(Math.max(image.width, image.height), spec).toBeLessThanOrEqual(8192);
      const [red, green, blue, alpha] = image.at(0.5, 0.5);
      expect([red > 230, green < 20, blue < 20, alpha > 50], spec).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
  });

  it("throws nothing but refusals for damaged images", async () => {
    const damage = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(jpeg, webp, gif, avif, png),
        damage,
        async (bytes, bites) => {
          const damaged = Buffer.from(bytes);
          for (const [at, value] of bites) damaged[at % damaged.length] = value;
          try {
            const { width, height } = await makeVariant(damaged, "w_20,h_20,flip_h", "webp");
            expect(Math.max(width, height)).toBeLessThanOrEqual(20);
          } catch (error) {
            refusals += 1;
            expect(error).toBeInstanceOf(MediaError);
            expect(["unsupported_original", "unusable_original"]).toContain(
              (error as MediaError).code,
            );
          }
        },
      ),
      { numRuns: chooseRuns(60, 300) },
    );
    expect(refusals).toBeGreaterThan(0);
  });
});
