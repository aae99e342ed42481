import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { drawGif } from "../../support/image/gif.ts";
import {
  decodeFrames,
  distance,
  drawAnimation,
  drawGrid,
  drawPhoto,
  drawQuadrants,
  readGrid,
} from "../../support/images.ts";
import { makeVariant } from "../../support/image/make-variant.ts";

const size = { width: 80, height: 40 };
const clip = await drawAnimation(["RG/BY", "WW/KK", "CC/CC"], {
  ...size,
  delay: [50, 120, 300],
  loop: 3,
});
const webp = await drawAnimation(["RG/BY", "WW/KK", "CC/CC"], { ...size, format: "webp" });

async function viewFrames(
  bytes: Uint8Array,
  ...[spec, format = "webp", rows = 2]: [string, ("gif" | "webp")?, number?]
): Promise<readonly string[]> {
  const result = await makeVariant(bytes, spec, format);
  const frames = await decodeFrames(result.bytes);
  for (const { width, height } of frames)
    expect([width, height]).toEqual([result.width, result.height]);
  return frames.map((frame) => readGrid(frame, { rows }));
}

describe("transformImage", () => {
  it.each([
    ["fl_animated", "gif"],
    ["fl_animated", "webp"],
    ["fl_animated,w_40", "gif"],
    ["fl_animated,w_40", "webp"],
    ["fl_animated.lossless", "webp"],
    ["fl_animated,w_160,c_fit", "webp"],
    ["fl_animated,crop_0.25_0.25_0.5_0.5", "webp"],
  ] as const)("keeps all frames under %s in %s", async (spec, format) => {
    for (const original of [clip, webp]) {
      expect(await viewFrames(original, spec, format)).toEqual(["RG/BY", "WW/KK", "CC/CC"]);
    }
  });

  it.each(["gif", "webp"] as const)("keeps delays and loops in %s", async (format) => {
    const { bytes } = await makeVariant(clip, "fl_animated,w_40", format);
    expect(await sharp(bytes).metadata()).toMatchObject({
      pages: 3,
      delay: [50, 120, 300],
      loop: 3,
    });
    const endless = await makeVariant(webp, "fl_animated", format);
    expect((await sharp(endless.bytes).metadata()).loop).toBe(0);
  });

  it.each([
    ["flip_h", ["GR/YB", "WW/KK", "CC/CC"]],
    ["a_90", ["BR/YG", "KW/KW", "CC/CC"]],
    ["w_20,h_20,g_east", ["GG/YY", "WW/KK", "CC/CC"]],
    ["crop_0_0_40_40", ["RR/BB", "WW/KK", "CC/CC"]],
    ["e_negate", ["C?/YB", "KK/WW", "RR/RR"]],
    ["e_blur:100", ["RG/BY", "WW/KK", "CC/CC"]],
    ["e_pixelate:40", ["??/??", "??/??", "CC/CC"]],
  ])("makes the same of each frame under %s", async (spec, expected) => {
    const frames = await viewFrames(clip, `fl_animated,${spec}`);
    expect(frames).toEqual(expected);
  });

  it.each(["e_blur:500", "a_180,e_blur:500", "e_sharpen:50", "e_pixelate:16", "a_30", "w_33"])(
    "lets nothing of a frame come into the next under %s",
    async (spec) => {
      const original = await drawAnimation(["R", "G", "B", "W"], size);
      const { bytes } = await makeVariant(original, `fl_animated.lossless,${spec}`, "webp");
      const colors = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
      ] as const;
      for (const [index, { width, height, at }] of (await decodeFrames(bytes)).entries()) {
        const [r = 0, g = 0, b = 0] = colors[index] ?? [];
        for (let y = 0.5; y < height; y += 1) {
          const pixel = at(0.5, y / height);
          if (pixel[3] > 200)
            expect(distance([...pixel], [r, g, b, pixel[3]]), `${width}`).toBeLessThan(4);
        }
      }
    },
  );

  it("pads, rounds and flattens each frame", async () => {
    const rows = await viewFrames(clip, "fl_animated,w_160,h_160,c_pad,b_white", "webp", 4);
    expect(rows).toEqual(["WW/RG/BY/WW", "WW/WW/KK/WW", "WW/CC/CC/WW"]);
    const { bytes } = await makeVariant(clip, "fl_animated,r_20", "gif");
    for (const frame of await decodeFrames(bytes)) {
      expect([frame.at(0, 0)[3], frame.at(1, 1)[3], frame.at(0.5, 0.5)[3]]).toEqual([0, 0, 255]);
    }
  });

  it("cuts all frames where the first draws attention", async () => {
    const photo = await sharp(await drawPhoto(50, 50))
      .raw()
      .toBuffer();
    const draw = (left: number, background: string): Promise<Buffer> =>
      sharp({ create: { width: 400, height: 50, channels: 3, background } })
        .composite([{ input: photo, raw: { width: 50, height: 50, channels: 3 }, left, top: 0 }])
        .png()
        .toBuffer();
    const frames = [await draw(0, "#ffffff"), await draw(350, "#00ff00")];
    const original = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    for (const gravity of ["auto", "entropy"]) {
      const grids = await viewFrames(original, `fl_animated,w_50,h_50,g_${gravity}`);
      expect(grids[0]).not.toBe("WW/WW");
      expect(grids[1]).toBe("GG/GG");
    }
  });

  it("trims to what is left of any frame", async () => {
    const grids = ["WWWW/WRWW/WWWW", "WWWW/WWGW/WWWW", "WWWW/WWWW/WWWW"];
    const original = await drawAnimation(grids, { width: 80, height: 60, format: "webp" });
    const { bytes, width, height } = await makeVariant(original, "fl_animated,trim_10", "webp");
    // the last is of one colour, which is all there is to see of it
    expect([width, height]).toEqual([80, 60]);
    const two = await drawAnimation(grids.slice(0, 2), { width: 80, height: 60, format: "webp" });
    expect(await makeVariant(two, "fl_animated,trim_10", "webp")).toMatchObject({
      width: 40,
      height: 20,
    });
    expect(bytes.length).toBeGreaterThan(0);
  });

  it("composes frames that are parts", async () => {
    const original = drawGif(8, 8, [
      { left: 0, top: 0, width: 8, height: 8, color: 1, disposal: 1 },
      { left: 0, top: 0, width: 4, height: 4, color: 2, disposal: 1 },
      { left: 4, top: 4, width: 4, height: 4, color: 3, disposal: 3 },
      { left: 4, top: 0, width: 4, height: 4, color: 0, disposal: 1 },
    ]);
    const composed = ["WW/WW", "RW/WW", "RW/WG", "RK/WW"];
    expect(await viewFrames(original, "fl_animated.lossless")).toEqual(composed);
    expect(await viewFrames(original, "fl_animated.lossless,flip_h")).toEqual([
      "WW/WW",
      "WR/WW",
      "WR/GW",
      "KR/WW",
    ]);
    expect(await viewFrames(original, "fl_animated", "gif")).toEqual(composed);
  });

  it("turns frames upright", async () => {
    const stored = await sharp(
      await Promise.all(["GY/RB", "WK/WK"].map((text) => drawGrid(text, 40, 80).png().toBuffer())),
      { join: { animated: true } },
    )
      .withMetadata({ orientation: 6 })
      .webp({ lossless: true })
      .toBuffer();
    expect(await viewFrames(stored, "fl_animated")).toEqual(["RG/BY", "WW/KK"]);
    expect(await viewFrames(stored, "fl_animated,a_ignore")).toEqual(["GY/RB", "WK/WK"]);
  });

  it("shows the first frame to who does not ask for all, or asks for a still format", async () => {
    for (const [spec, format] of [
      ["w_40", "webp"],
      ["w_40", "gif"],
      ["fl_animated,w_40", "png"],
    ] as const) {
      const { bytes } = await makeVariant(clip, spec, format);
      expect((await sharp(bytes).metadata()).pages ?? 1).toBe(1);
    }
  });

  it("makes of what does not move what it would make anyway", async () => {
    const still = await drawQuadrants(80, 40).gif().toBuffer();
    const asked = await makeVariant(still, "fl_animated,w_40", "webp");
    expect(Buffer.from(asked.bytes).equals((await makeVariant(still, "w_40", "webp")).bytes)).toBe(
      true,
    );
  });
});

describe("transformImage of animations that are too large", () => {
  const three = { width: 3, height: 2 };

  it("refuses more than 256 frames", async () => {
    const texts = Array.from({ length: 257 }, (_, index) => "RGBYWCK"[index % 7] ?? "R");
    const original = await drawAnimation(texts, { ...three, format: "webp" });
    await expect(makeVariant(original, "fl_animated", "webp")).rejects.toMatchObject({
      code: "unusable_original",
      message:
        'the original has 257 frames of 3×2, but animations may have at most 256 of them, and 50000000 pixels in all: without "fl_animated" there is only the first',
    });
    expect(await makeVariant(original, "w_3", "webp")).toMatchObject({ width: 3 });
    const fewer = await drawAnimation(texts.slice(0, 256), { ...three, format: "webp" });
    expect(
      (await sharp((await makeVariant(fewer, "fl_animated", "webp")).bytes).metadata()).pages,
    ).toBe(256);
  });

  it("refuses frames that are too large together", async () => {
    const job = { bytes: clip, spec: { animated: true }, format: "webp" } as const;
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxPixels: 80 * 40 * 3 };
    expect(await transformImage(job, { limits })).toMatchObject(size);
    const refusal = transformImage(job, { limits: { ...limits, maxPixels: 80 * 40 * 3 - 1 } });
    await expect(refusal).rejects.toThrow("3 frames of 80×40, but animations");
  });

  it("shrinks to the limit of the output what is only to fit, and refuses an exact box", async () => {
    const original = await drawAnimation(["R", "G", "B", "Y"], { width: 1600, height: 1500 });
    const { width, height } = await makeVariant(original, "fl_animated", "gif");
    expect(width * height * 4).toBeLessThanOrEqual(8_000_000);
    expect(width * height * 4).toBeGreaterThan(7_900_000);
    await expect(
      makeVariant(original, "fl_animated,w_1600,h_1500,c_fill", "gif"),
    ).rejects.toMatchObject({
      code: "invalid_transform",
      message:
        'the image would be 1600×1500, but may have at most 8192 pixels a side and 2000000 in all for each of its 4 frames: without "fl_animated" there is only the first',
    });
    expect(await makeVariant(original, "w_1600,h_1500,c_fill", "gif")).toMatchObject({
      width: 1600,
    });
  });
});
