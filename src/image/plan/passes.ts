import type { Size } from "./sizes.ts";

/**
 * libvips averages whole rows and columns first where it reduces by this or more. They are counted from the top left, so
 * that the rest of a side, at the bottom right, comes out another way.
 */
const AVERAGED = 4;
/** The factor of a pass before the last one, which stays below that with sides that are rounded. */
const COARSE = 3.9;
/** Left to the last pass, whose kernel is the sharper one. */
const FINE = 2;

/** How an image is scaled: it is reduced in one pass or more, and then enlarged if a side is. */
export interface Passes {
  /** The sizes after each pass but the last. */
  readonly coarse: readonly Size[];
  /** The size after the last one. */
  readonly reduced: Size;
}

/** Plans passes that treat all edges alike. */
export function planPasses(from: Size, to: Size): Passes {
  const reduced = {
    width: Math.min(Math.ceil(from.width), to.width),
    height: Math.min(Math.ceil(from.height), to.height),
  };
  const coarse: Size[] = [];
  let { width, height } = from;
  while (width >= AVERAGED * reduced.width || height >= AVERAGED * reduced.height) {
    width = reduceCoarsely(width, reduced.width);
    height = reduceCoarsely(height, reduced.height);
    coarse.push({ width, height });
  }
  return { coarse, reduced };
}

/** True if one pass does all, and nothing is enlarged. */
export function takesOnePass(from: Size, to: Size): boolean {
  const { coarse, reduced } = planPasses(from, to);
  return coarse.length === 0 && reduced.width === to.width && reduced.height === to.height;
}

function reduceCoarsely(from: number, to: number): number {
  return Math.max(Math.ceil(from / COARSE), Math.min(Math.floor(from), FINE * to));
}

/** A scale as whole numbers of pixels: `from` of them become `to`. */
export interface Scale {
  readonly from: number;
  readonly to: number;
}

/** In pixels of the result: less cannot be seen. */
const DRIFT = 1 / 64;
/** More pixels cost time to repeat, so that twice as much is enough beyond these. */
const FEW = 32;
const MOST = 1024;

/**
 * Finds whole numbers for the scale of a side whose length has a fraction. With some pixels more at its end they are
 * nearly exact: the far end moves by hardly more than a hundredth of a pixel.
 *
 * @param length in pixels
 * @param target the length that it gets, whole
 */
export function findScale(length: number, target: number): Scale {
  let best = { from: length, to: target };
  let least = Infinity;
  const first = Math.ceil(length);
  for (let added = 0; added <= MOST; added += 1) {
    const exact = ((first + added) * target) / length;
    const to = Math.round(exact);
    const drift = (Math.abs(to - exact) / exact) * target;
    if (drift < least) best = { from: first + added, to };
    least = Math.min(least, drift);
    if (least <= (added < FEW ? DRIFT : 2 * DRIFT)) break;
  }
  return best;
}
