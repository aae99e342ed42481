import { describe, expect, it } from "vitest";
import type { Pixels } from "../../../src/image/sharp/pixels.ts";
import { enlarge } from "../../../src/image/steps/enlarge.ts";

/** One row of opaque greys, or of white pixels with these alphas. */
function drawRow(levels: readonly number[], channels: 3 | 4): Pixels {
  const pixels = levels.map((level) =>
    channels === 3 ? [level, level, level] : [255, 255, 255, level],
  );
  return { data: Buffer.from(pixels.flat()), width: levels.length, height: 1, channels };
}

function enlargeRow(row: Pixels, width: number): Pixels {
  return enlarge(row, { width, height: 1 }, { left: 0, top: 0, width, height: 1 });
}

function readChannel({ data, channels }: Pixels, channel: number): readonly number[] {
  return Array.from(data.filter((_, at) => at % channels === channel));
}

const RAMP = Array.from({ length: 12 }, (_, index) => 20 + 16 * index);

describe("enlarge", () => {
  it.each([12, 13, 17, 24, 31, 36, 48, 100])(
    "leaves a ramp of 12 pixels in its place at %i",
    (width) => {
      const levels = readChannel(enlargeRow(drawRow(RAMP, 3), width), 0);
      for (const [index, level] of levels.entries()) {
        const position = ((index + 0.5) * RAMP.length) / width - 0.5;
        if (position < 1 || position > RAMP.length - 2) continue; // edges go on as they are
        expect(Math.abs(level - (20 + 16 * position))).toBeLessThanOrEqual(0.51);
      }
    },
  );

  it("leaves an edge in the middle, with both sides alike", () => {
    const step = [0, 0, 0, 0, 255, 255, 255, 255];
    for (const width of [9, 16, 20, 33]) {
      const levels = readChannel(enlargeRow(drawRow(step, 3), width), 0);
      const mirrored = levels.map((level) => 255 - level).toReversed();
      for (const [index, level] of levels.entries())
        expect(Math.abs(level - (mirrored[index] ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  it("keeps the colour of what is translucent", () => {
    const made = enlargeRow(drawRow([0, 0, 90, 255, 255, 3], 4), 30);
    for (const [index, alpha] of readChannel(made, 3).entries()) {
      if (alpha > 0) expect(readChannel(made, 0)[index]).toBeGreaterThan(253);
    }
  });

  it("makes a part as it is in the whole", () => {
    const data = Buffer.from(Array.from({ length: 5 * 7 * 4 }, (_, at) => (at * 89) % 256));
    const pixels: Pixels = { data, width: 5, height: 7, channels: 4 };
    const to = { width: 23, height: 8 };
    const whole = enlarge(pixels, to, { left: 0, top: 0, ...to });
    const part = { left: 4, top: 3, width: 11, height: 5 };
    const made = enlarge(pixels, to, part);
    for (let y = 0; y < part.height; y += 1) {
      const at = ((y + part.top) * to.width + part.left) * 4;
      const row = made.data.subarray(y * part.width * 4, (y + 1) * part.width * 4);
      expect(row).toEqual(whole.data.subarray(at, at + part.width * 4));
    }
  });
});
