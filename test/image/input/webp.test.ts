import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { countWebpFrames, readWebpSize } from "../../../src/image/input/webp.ts";
import { drawQuadrants } from "../../support/images.ts";

/** 38 bytes that claim to be a lossless image of 16383 by 16383 pixels. */
const BOMB = Buffer.concat([
  Buffer.from("RIFF"),
  Buffer.from([30, 0, 0, 0]),
  Buffer.from("WEBPVP8L"),
  Buffer.from([17, 0, 0, 0, 0x2f, 0xfe, 0xbf, 0xff, 0x0f]),
  Buffer.alloc(13),
]);

describe("readWebpSize", () => {
  it.each([
    ["lossy", {}],
    ["lossless", { lossless: true }],
  ])("reads the size of a %s one", async (_, options) => {
    for (const [width, height] of [
      [300, 201],
      [1, 4000],
      [16_383, 2],
    ] as const) {
      const bytes = await drawQuadrants(width, height).webp(options).toBuffer();
      expect(readWebpSize(bytes)).toEqual({ width, height });
    }
  });

  it("reads the size of one with alpha, and of an animated one", async () => {
    const still = await drawQuadrants(70, 50).ensureAlpha(0.5).webp().toBuffer();
    expect(readWebpSize(still)).toEqual({ width: 70, height: 50 });
    const frames = await Promise.all([1, 2].map(() => drawQuadrants(70, 50).png().toBuffer()));
    const animated = await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
    expect(readWebpSize(animated)).toEqual({ width: 70, height: 50 });
  });

  it("says nothing of what is too short or of another kind", () => {
    expect(readWebpSize(BOMB.subarray(0, 29))).toBeUndefined();
    expect(readWebpSize(Buffer.from("RIFF....WEBPXXXX".padEnd(40)))).toBeUndefined();
  });
});

describe("transformImage", () => {
  it("refuses what a WebP claims before libwebp makes room for it", async () => {
    const job = { bytes: BOMB, spec: { width: 10 }, format: "png" } as const;
    await expect(transformImage(job, { limits: DEFAULT_IMAGE_LIMITS })).rejects.toMatchObject({
      code: "unusable_original",
      message:
        "the original is 16383×16383, but webp originals may have at most 72000000 pixels (MAX_ORIGINAL_PIXELS)",
    });
  });
});

function chunk(type: string, data: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return `${type}${length.toString("latin1")}${data}${data.length % 2 ? "\0" : ""}`;
}

describe("countWebpFrames", () => {
  it("counts the frames, up to one past the limit", () => {
    const chunks = chunk("VP8X", "0123456789") + chunk("ANMF", "ANMF!").repeat(5);
    const bytes = Buffer.from(`RIFF\0\0\0\0WEBP${chunks}`, "latin1");
    expect(countWebpFrames(bytes, 100)).toBe(5);
    expect(countWebpFrames(bytes, 3)).toBe(4);
    expect(countWebpFrames(bytes.subarray(0, 40), 100)).toBe(1);
    expect(countWebpFrames(Buffer.from("RIFF"), 100)).toBe(0);
  });
});
