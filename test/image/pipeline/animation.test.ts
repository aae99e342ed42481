import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import type { GifFrame } from "../../support/image/gif.ts";
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
import { expectMade, makeVariant } from "../../support/image/make-variant.ts";

const size = { width: 80, height: 40 };
const COLORS = [0, 1, 2, 3] as const;
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
    ["", "gif"],
    ["", "webp"],
    ["w_40", "gif"],
    ["w_40", "webp"],
    ["fl_lossless", "webp"],
    ["w_160,c_fit", "webp"],
    ["crop_0.25_0.25_0.5_0.5", "webp"],
  ] as const)("keeps all frames under %s in %s", async (spec, format) => {
    for (const original of [clip, webp]) {
      expect(await viewFrames(original, spec, format)).toEqual(["RG/BY", "WW/KK", "CC/CC"]);
    }
  });

  it.each(["gif", "webp"] as const)("keeps delays and loops in %s", async (format) => {
    const { bytes } = await makeVariant(clip, "w_40", format);
    expect(await sharp(bytes).metadata()).toMatchObject({
      pages: 3,
      delay: [50, 120, 300],
      loop: 3,
    });
    const endless = await makeVariant(webp, "", format);
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
    const frames = await viewFrames(clip, spec);
    expect(frames).toEqual(expected);
  });

  it.each(["e_blur:500", "a_180,e_blur:500", "e_sharpen:50", "e_pixelate:16", "a_30", "w_33"])(
    "lets nothing of a frame come into the next under %s",
    async (spec) => {
      const original = await drawAnimation(["R", "G", "B", "W"], size);
      const { bytes } = await makeVariant(original, `fl_lossless,${spec}`, "webp");
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
    const rows = await viewFrames(clip, "w_160,h_160,c_pad,b_white", "webp", 4);
    expect(rows).toEqual(["WW/RG/BY/WW", "WW/WW/KK/WW", "WW/CC/CC/WW"]);
    const { bytes } = await makeVariant(clip, "r_20", "gif");
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
      const grids = await viewFrames(original, `w_50,h_50,g_${gravity}`);
      expect(grids[0]).not.toBe("WW/WW");
      expect(grids[1]).toBe("GG/GG");
    }
  });

  it("trims to what is left of any frame", async () => {
    const grids = ["WWWW/WRWW/WWWW", "WWWW/WWGW/WWWW", "WWWW/WWWW/WWWW"];
    const original = await drawAnimation(grids, { width: 80, height: 60, format: "webp" });
    const { bytes, width, height } = await makeVariant(original, "trim_10", "webp");
    // the last is of one colour, which is all there is to see of it
    expect([width, height]).toEqual([80, 60]);
    const two = await drawAnimation(grids.slice(0, 2), { width: 80, height: 60, format: "webp" });
    expect(await makeVariant(two, "trim_10", "webp")).toMatchObject({
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
    expect(await viewFrames(original, "fl_lossless")).toEqual(composed);
    expect(await viewFrames(original, "fl_lossless,flip_h")).toEqual([
      "WW/WW",
      "WR/WW",
      "WR/GW",
      "KR/WW",
    ]);
    expect(await viewFrames(original, "", "gif")).toEqual(composed);
  });

  it("turns frames upright", async () => {
    const stored = await sharp(
      await Promise.all(["GY/RB", "WK/WK"].map((text) => drawGrid(text, 40, 80).png().toBuffer())),
      { join: { animated: true } },
    )
      .withMetadata({ orientation: 6 })
      .webp({ lossless: true })
      .toBuffer();
    expect(await viewFrames(stored, "")).toEqual(["RG/BY", "WW/KK"]);
    expect(await viewFrames(stored, "a_ignore")).toEqual(["GY/RB", "WK/WK"]);
  });

  it("shows the first frame where it is asked for, or the format has no more", async () => {
    for (const [spec, format] of [
      ["w_40,fl_still", "webp"],
      ["w_40,fl_still", "gif"],
      ["w_40", "png"],
      ["w_40", "jpg"],
      ["w_40", "avif"],
    ] as const) {
      const { bytes } = await makeVariant(clip, spec, format);
      expect((await sharp(bytes).metadata()).pages ?? 1).toBe(1);
    }
  });

  it("gives way to a format that moves, where there is one, and says what it shows otherwise", async () => {
    const job = { bytes: clip, spec: {}, format: "avif", skipIfMoving: true } as const;
    const context = { limits: DEFAULT_IMAGE_LIMITS };
    expect(await transformImage(job, context)).toEqual({ kind: "moves" });
    const still = { ...job, bytes: await drawQuadrants(80, 40).gif().toBuffer() };
    expect(expectMade(await transformImage(still, context)).isFirstFrame).toBeUndefined();
    for (const [format, isFirstFrame] of [
      ["avif", true],
      ["jpg", true],
      ["webp", undefined],
    ] as const) {
      const made = expectMade(await transformImage({ bytes: clip, spec: {}, format }, context));
      expect([format, made.isFirstFrame]).toEqual([format, isFirstFrame]);
    }
  });

  it("makes of what does not move what it would make anyway", async () => {
    const still = await drawQuadrants(80, 40).gif().toBuffer();
    const asked = await makeVariant(still, "w_40,fl_still", "webp");
    expect(Buffer.from(asked.bytes).equals((await makeVariant(still, "w_40", "webp")).bytes)).toBe(
      true,
    );
  });
});

describe("transformImage of animations with odd times", () => {
  const frame = { left: 0, top: 0, width: 8, height: 8, disposal: 1 } as const;
  const drawTimed = (delays: readonly GifFrame["delay"][], loop?: number): Buffer => {
    const frames = delays.map((delay, index) => ({
      ...frame,
      color: COLORS[index % 4] ?? 0,
      delay,
    }));
    return drawGif(8, 8, frames, loop);
  };

  it.each([
    ["for ever", 0, 0],
    ["once, by saying nothing", undefined, 1],
    ["twice", 1, 2],
    ["as often as GIF can say", 65_535, 65_535],
  ])("plays %s", async (_, repeats, plays) => {
    const original = drawTimed([10, 20, 30], repeats);
    for (const format of ["webp", "gif"] as const) {
      const { bytes } = await makeVariant(original, "", format);
      const { loop, pages } = await sharp(bytes).metadata();
      expect([loop, pages], format).toEqual([plays, 3]);
    }
  });

  it("keeps times of none and of minutes", async () => {
    const original = drawTimed([0, 1, 65_535, "absent"], 0);
    const gif = await sharp((await makeVariant(original, "", "gif")).bytes).metadata();
    expect(gif.delay).toEqual([0, 10, 655_350, 100]);
    // as browsers play times of next to nothing
    const moved = await sharp((await makeVariant(original, "", "webp")).bytes).metadata();
    expect(moved.delay).toEqual([100, 100, 655_350, 100]);
  });

  it("brings times of hours into the range of the output", async () => {
    const hours = 4 * 3_600_000;
    const made = await sharp(drawTimed([10, 20, 30, 40], 0), { animated: true })
      .webp({ delay: [12, 20, 30, 40] })
      .toBuffer();
    const original = setWebpDelay(made, hours);
    const gif = await sharp((await makeVariant(original, "", "gif")).bytes).metadata();
    expect(gif.delay).toEqual([20, 20, 30, 655_350]);
    const kept = await sharp((await makeVariant(original, "", "webp")).bytes).metadata();
    expect(kept.delay).toEqual([12, 20, 30, hours]);
  });

  it("keeps hundreds of frames of hours within what libwebp adds up", async () => {
    const grids = Array.from({ length: 250 }, (_, index) => "RGBY"[index % 4] ?? "R");
    const short = await drawAnimation(grids, { width: 2, height: 2, format: "webp" });
    const { bytes } = await makeVariant(setWebpDelay(short, 0xff_ff_ff, 250), "", "webp");
    const { delay = [] } = await sharp(bytes).metadata();
    expect(delay.length).toBe(250);
    expect(delay.reduce((sum, ms) => sum + ms)).toBeLessThan(2 ** 31);
  });
});

async function countPages(bytes: Uint8Array): Promise<number> {
  return (await sharp(bytes).metadata()).pages ?? 1;
}

describe("transformImage of animations that are too large", () => {
  const three = { width: 3, height: 2 };

  it("shows the first of more than 256 frames", async () => {
    const texts = Array.from({ length: 257 }, (_, index) => "RGBYWCK"[index % 7] ?? "R");
    const original = await drawAnimation(texts, { ...three, format: "webp" });
    const still = await makeVariant(original, "", "webp");
    expect([await countPages(still.bytes), still.width]).toEqual([1, 3]);
    const fewer = await drawAnimation(texts.slice(0, 256), { ...three, format: "webp" });
    expect(await countPages((await makeVariant(fewer, "", "webp")).bytes)).toBe(256);
  });

  it("shows the first of frames that are too large together", async () => {
    const job = { bytes: clip, spec: {}, format: "webp" } as const;
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxPixels: 80 * 40 * 3 };
    const all = expectMade(await transformImage(job, { limits }));
    const fewer = { ...limits, maxPixels: 80 * 40 * 3 - 1 };
    const first = expectMade(await transformImage(job, { limits: fewer }));
    expect([await countPages(all.bytes), await countPages(first.bytes)]).toEqual([3, 1]);
    expect(first).toMatchObject(size);
  });

  it("shrinks to the limit of the output what is only to fit, and has one frame of an exact box", async () => {
    const original = await drawAnimation(["R", "G", "B", "Y"], { width: 1600, height: 1500 });
    const { bytes, width, height } = await makeVariant(original, "", "gif");
    expect(width * height * 4).toBeLessThanOrEqual(8_000_000);
    expect(width * height * 4).toBeGreaterThan(7_900_000);
    expect(await countPages(bytes)).toBe(4);
    const exact = await makeVariant(original, "w_1600,h_1500,c_fill", "gif");
    expect([await countPages(exact.bytes), exact.width]).toEqual([1, 1600]);
  });
});

/** Sets the time of the last frames: 24 bits of its chunk (RFC 9649, 2.7.1.1). */
function setWebpDelay(original: Buffer, ms: number, count = 1): Buffer {
  const bytes = Buffer.from(original);
  const starts: number[] = [];
  let at = 12;
  while (at + 8 <= bytes.length) {
    if (bytes.toString("latin1", at, at + 4) === "ANMF") starts.push(at);
    const length = bytes.readUInt32LE(at + 4);
    at += 8 + length + (length % 2);
  }
  for (const start of starts.slice(-count)) bytes.writeUIntLE(ms, start + 20, 3);
  return bytes;
}
