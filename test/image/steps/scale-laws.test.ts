import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Size } from "../../../src/image/plan/sizes.ts";
import type { Pixels } from "../../../src/image/sharp/pixels.ts";
import { fromPixels, toPixels } from "../../../src/image/sharp/pixels.ts";
import { scale } from "../../../src/image/steps/scale.ts";
import { chooseRuns } from "../../support/runs.ts";

const SIDES = { min: 1, max: 120 };
/** From a twentieth to four times. */
const factor = fc.double({ min: -1, max: Math.log(4) / Math.log(20), noNaN: true });
/** Radians a pixel. */
const wave = fc.double({ min: 0.01, max: 0.4, noNaN: true });

interface Drawn extends Size {
  readonly seed: readonly [number, number, number];
  readonly across: number;
  readonly down: number;
  readonly border: number;
  readonly isOpaque: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    width: fc.integer(SIDES),
    height: fc.integer(SIDES),
    seed: fc.tuple(wave, wave, wave),
    factor,
    other: factor,
    isStretched: fc.boolean(),
    border: fc.integer({ min: 1, max: 9 }),
    isOpaque: fc.boolean(),
  })
  .map(({ factor: first, other, isStretched, ...rest }) => ({
    ...rest,
    across: 20 ** first,
    down: 20 ** (isStretched ? other : first),
  }));

/** Fills pixels by a formula of their place. */
function draw(
  { width, height, isOpaque }: Drawn,
  level: (x: number, y: number, channel: number) => number,
): Pixels {
  const channels = isOpaque ? 3 : 4;
  const data = Buffer.alloc(width * height * channels);
  for (let at = 0; at < data.length; at += 1) {
    const pixel = Math.floor(at / channels);
    data[at] = level(pixel % width, Math.floor(pixel / width), at % channels);
  }
  return { data, width, height, channels };
}

/** Waves that stay away from black and white, where libvips cuts what overshoots between its two directions. */
function drawWaves(one: Drawn): Pixels {
  const [a, b, c] = one.seed;
  return draw(
    one,
    (x, y, channel) => 128 + 50 * Math.sin(a * x + channel) * Math.cos(b * y + 9 * c),
  );
}

function drawNoise(one: Drawn): Pixels {
  let state = Math.round(one.seed[0] * 2 ** 30);
  return draw(one, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

function drawFrame(one: Drawn): Pixels {
  const { width, height, border } = one;
  const isInside = (at: number, side: number): boolean => at >= border && at < side - border;
  return draw(one, (x, y, channel) =>
    channel === 3 ? 255 : isInside(x, width) && isInside(y, height) ? 200 : 60,
  );
}

function pickTarget({ width, height, across, down }: Drawn): Size {
  return {
    width: Math.max(1, Math.round(width * across)),
    height: Math.max(1, Math.round(height * down)),
  };
}

async function scaleTo(pixels: Pixels, resize: Size): Promise<Pixels> {
  const { width, height } = pixels;
  return toPixels(await scale({ image: fromPixels(pixels), size: { width, height } }, { resize }));
}

/** How much a level shows: alpha itself does by all of it. */
function readAlpha({ data, channels }: Pixels, at: number): number {
  return channels === 4 && at % 4 < 3 ? (data[at | 3] ?? 0) / 255 : 1;
}

/** The largest difference of a level, by as much as it shows. */
function compare(one: Pixels, other: Pixels): number {
  expect(other).toMatchObject({ width: one.width, height: one.height });
  let most = 0;
  for (let at = 0; at < one.data.length; at += 1) {
    const difference = Math.abs((one.data[at] ?? 0) - (other.data[at] ?? 0));
    most = Math.max(most, difference * Math.max(readAlpha(one, at), readAlpha(other, at)));
  }
  return most;
}

const mirror = (pixels: Pixels): Promise<Pixels> => toPixels(fromPixels(pixels).flop());
const turn = (pixels: Pixels): Promise<Pixels> => toPixels(fromPixels(pixels).rotate(90));

/** libvips rounds positions to 1/64 of a pixel: in the middle of two, a mirrored one goes astray by as much. */
function isTied(from: number, to: number): boolean {
  return to < from && (to & -to) === 64 * (from & -from);
}

function hasTies({ width, height }: Size, to: Size): boolean {
  return isTied(width, to.width) || isTied(height, to.height);
}

const numRuns = chooseRuns(25, 300);
/** Enough for RUNS=10000. */
const TIMEOUT_MS = 3_600_000;

describe("scale", () => {
  it(
    "makes of a mirrored image a mirrored one",
    async () => {
      await fc.assert(
        fc.asyncProperty(drawn, fc.constantFrom(drawWaves, drawNoise), async (one, drawPixels) => {
          const [pixels, to] = [drawPixels(one), pickTarget(one)];
          fc.pre(!hasTies(pixels, to));
          const made = await scaleTo(await mirror(pixels), to);
          expect(compare(made, await mirror(await scaleTo(pixels, to)))).toBeLessThanOrEqual(1.01);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "makes of a turned image a turned one",
    async () => {
      await fc.assert(
        fc.asyncProperty(drawn, async (one) => {
          const [pixels, to] = [drawWaves(one), pickTarget(one)];
          fc.pre(!hasTies(pixels, to));
          const made = await scaleTo(await turn(pixels), { width: to.height, height: to.width });
          // each direction rounds, and so does alpha
          const most = compare(made, await turn(await scaleTo(pixels, to)));
          expect(most).toBeLessThanOrEqual(one.isOpaque ? 2 : 4);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "leaves borders of one width equal on all four sides",
    async () => {
      await fc.assert(
        fc.asyncProperty(drawn, async (one) => {
          const square = { ...one, height: one.width, down: one.across };
          const [pixels, to] = [drawFrame(square), pickTarget(square)];
          fc.pre(!hasTies(pixels, to));
          const { data, width, channels } = await scaleTo(pixels, to);
          const middle = Math.floor((width - 1) / 2);
          const read = (x: number, y: number): number => data[(y * width + x) * channels] ?? 0;
          let worst = 0;
          for (let at = 0; at < width; at += 1) {
            const [left, right] = [read(at, middle), read(width - 1 - at, middle)];
            const [top, bottom] = [read(middle, at), read(middle, width - 1 - at)];
            for (const level of [right, top, bottom])
              worst = Math.max(worst, Math.abs(level - left));
          }
          expect(worst).toBeLessThanOrEqual(2);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "keeps one colour, and the mean of many",
    async () => {
      await fc.assert(
        fc.asyncProperty(drawn, async (one) => {
          const { data } = await scaleTo(
            draw({ ...one, isOpaque: true }, (_x, _y, channel) => 40 + 80 * channel),
            pickTarget(one),
          );
          const worst = data.reduce(
            (most, level, at) => Math.max(most, Math.abs(level - 40 - 80 * (at % 3))),
            0,
          );
          expect(worst).toBeLessThanOrEqual(1);
          const waves = { ...one, isOpaque: true, width: one.width + 40, height: one.height + 40 };
          const pixels = drawWaves(waves);
          const made = await scaleTo(pixels, pickTarget(waves));
          // kernels do not weigh the pixels of an edge as those inside, and of two rows both are edges
          expect(Math.abs(average(made) - average(pixels))).toBeLessThanOrEqual(5);
        }),
        { numRuns },
      );
    },
    TIMEOUT_MS,
  );
});

function average({ data }: Pixels): number {
  return data.reduce((sum, level) => sum + level, 0) / data.length;
}
