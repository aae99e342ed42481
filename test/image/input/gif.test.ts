import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { clearCanvas, hasSeveralFrames } from "../../../src/image/input/gif.ts";
import type { GifFrame } from "../../support/image/gif.ts";
import { composeGif, drawGif } from "../../support/image/gif.ts";
import { makeVariant } from "../../support/image/make-variant.ts";
import { chooseRuns } from "../../support/runs.ts";

const COLORS = ["0,0,0,255", "255,255,255,255", "255,0,0,255", "0,255,0,255"];
const CLEAR = "0,0,0,0";

/** The colours of all frames of a variant, row by row. */
async function readColors(
  bytes: Uint8Array,
  spec = "fl_lossless",
  format: "webp" | "gif" | "png" = "webp",
): Promise<readonly (readonly string[])[]> {
  const variant = await makeVariant(bytes, spec, format);
  const { width, height } = variant;
  const strip = sharp(variant.bytes, { animated: true }).ensureAlpha().raw();
  const data = [...(await strip.toBuffer())];
  const pixels = Array.from({ length: data.length / 4 }, (_, at) =>
    // of a clear pixel only that it is clear counts
    data[at * 4 + 3] === 0 ? CLEAR : data.slice(at * 4, at * 4 + 4).join(","),
  );
  const count = pixels.length / (width * height);
  return Array.from({ length: count }, (_, index) =>
    pixels.slice(index * width * height, (index + 1) * width * height),
  );
}

function name(colors: readonly (number | undefined)[]): readonly string[] {
  return colors.map((color) => (color === undefined ? CLEAR : (COLORS[color] ?? "")));
}

function dropRepeated(all: readonly (readonly string[])[]): unknown {
  return all.filter((colors, index) => colors.join(" ") !== all[index - 1]?.join(" "));
}

const frame: fc.Arbitrary<GifFrame> = fc.record({
  left: fc.nat(6),
  top: fc.nat(4),
  width: fc.integer({ min: 1, max: 8 }),
  height: fc.integer({ min: 1, max: 6 }),
  color: fc.constantFrom(0, 1, 2, 3),
  disposal: fc.constantFrom(1, 2, 3),
  clear: fc.constantFrom(undefined, undefined, 0, 3),
});

const whole = { left: 0, top: 0, width: 8, height: 6, color: 1, disposal: 1 } as const;

describe("transformImage of a GIF", () => {
  it("shows each frame as browsers do, whatever covers and clears what", async () => {
    // two frames that look the same become one, which is another law
    const files = fc.array(frame, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(files, async (frames) => {
        const [first] = frames;
        const [width, height] = [
          Math.max(8, (first?.left ?? 0) + (first?.width ?? 0)),
          Math.max(6, (first?.top ?? 0) + (first?.height ?? 0)),
        ];
        const shown = composeGif(width, height, frames).map(name);
        const original = drawGif(8, 6, frames);
        expect((await readColors(original, "fl_lossless,fl_still"))[0]).toEqual(shown[0]);
        expect((await readColors(original, "f_png", "png"))[0]).toEqual(shown[0]);
        for (const format of ["webp", "gif"] as const) {
          const made = await readColors(original, "fl_lossless", format);
          expect(dropRepeated(made), format).toEqual(dropRepeated(shown));
        }
      }),
      { numRuns: chooseRuns(40, 500) },
    );
  });

  it.each([
    [640, 480],
    [800, 600],
    [2100, 20],
  ])("keeps a screen of %i by %i, which its frame does not cover", async (width, height) => {
    const part = { left: 3, top: 2, width: 5, height: 4, color: 2, disposal: 1 } as const;
    const { bytes, ...size } = await makeVariant(drawGif(width, height, [part]), "f_png", "png");
    expect(size).toMatchObject({ width, height });
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const opaque = data.filter((_, index) => index % info.channels === 3).filter(Boolean);
    expect(opaque.length).toBe(5 * 4);
  });

  it("grows a screen that is smaller than the first frame, and cuts later ones", async () => {
    const later = { left: 6, top: 4, width: 9, height: 9, color: 2, disposal: 1 } as const;
    const made = await makeVariant(drawGif(3, 2, [whole, later]), "fl_lossless", "webp");
    expect(made).toMatchObject({ width: 8, height: 6 });
    expect(await readColors(drawGif(3, 2, [whole, later]))).toEqual(
      composeGif(8, 6, [whole, later]).map(name),
    );
    expect(await makeVariant(drawGif(0, 0, [whole]), "f_png")).toMatchObject({ width: 8 });
  });

  it("says of a WebP that it can be seen through, though each of its frames is opaque", async () => {
    const cleared = { ...whole, width: 3, color: 2, disposal: 2 } as const;
    const frames = [{ ...whole }, cleared, { ...whole, left: 5, color: 3 }] as const;
    const { bytes } = await makeVariant(drawGif(8, 6, frames), "fl_lossless", "webp");
    const [flags = 0] = bytes.subarray(20);
    expect(flags & 0x10).toBe(0x10);
    const opaque = await makeVariant(drawGif(8, 6, [whole, { ...whole, color: 2 }]), "", "webp");
    expect((opaque.bytes[20] ?? 0) & 0x10).toBe(0);
  });

  it("counts the frames and times of the original alone", async () => {
    const frames = [
      { ...whole, left: 2, disposal: 2, delay: 30 },
      { ...whole, width: 3, color: 2, disposal: 2, delay: "absent" },
      { ...whole, color: 3, delay: 50 },
    ] as const;
    const original = drawGif(8, 6, frames, 0);
    expect(clearCanvas(original)?.added.size).toBe(2);
    const { bytes } = await makeVariant(original, "fl_lossless", "webp");
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 3, delay: [300, 100, 500] });
    const text = Buffer.from((await makeVariant(original, "", "json")).bytes).toString();
    expect(JSON.parse(text)).toMatchObject({ animated: true, frames: 3 });
  });

  it("shows what there is of a file that ends after its first frame", async () => {
    const first = { ...whole, width: 4, disposal: 2 } as const;
    const original = drawGif(8, 6, [first, whole, whole]);
    const { length: least } = drawGif(8, 6, [first]).subarray(0, -1);
    for (let length = original.length; length >= least; length -= 7) {
      const [shown = []] = await readColors(original.subarray(0, length), "fl_lossless");
      expect(shown.slice(0, 2)).toEqual(["255,255,255,255", "255,255,255,255"]);
    }
  });
});

describe("clearCanvas", () => {
  it("leaves files alone whose frames cover all and clear nothing", () => {
    expect(clearCanvas(drawGif(8, 6, [whole, { ...whole, width: 3, color: 2 }]))).toBeUndefined();
    expect(clearCanvas(drawGif(8, 6, [{ ...whole, disposal: 2 }]))).toBeUndefined();
    expect(clearCanvas(drawGif(8, 6, [{ ...whole, clear: 3 }, whole]))).toBeUndefined();
  });

  it("survives any bytes", () => {
    const start = fc.constantFrom("GIF89a", "GIF87a");
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (signature, rest) => {
        const bytes = Buffer.concat([Buffer.from(signature), rest]);
        expect(clearCanvas(bytes)?.bytes.length ?? Infinity).toBeGreaterThan(bytes.length);
        expect(typeof hasSeveralFrames(bytes)).toBe("boolean");
      }),
    );
  });
});

describe("hasSeveralFrames", () => {
  it("tells one frame from several", () => {
    expect(hasSeveralFrames(drawGif(8, 6, [whole]))).toBe(false);
    expect(hasSeveralFrames(drawGif(8, 6, [whole, whole]))).toBe(true);
  });
});
