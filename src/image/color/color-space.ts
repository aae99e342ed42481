/** The x and y of a colour of light (CIE 1931). */
export type Chromaticity = readonly [x: number, y: number];

export interface Primaries {
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
  readonly white: Chromaticity;
}

/** How much light a level from 0 to 1 is: `(a · level + b) ^ exponent` from `d` on, and `c · level` below. */
export interface Curve {
  readonly exponent: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** `pq` and `hlg` are of high dynamic range (ITU-R BT.2100). */
export type Transfer = Curve | "pq" | "hlg";

/** A colour space of red, green and blue. For grey the primaries do not matter. */
export interface ColorSpace {
  readonly primaries: Primaries;
  readonly transfer: Transfer;
  /** Of high dynamic range, the brightest light that keeps its detail, in candela per square metre; 1000 by default. */
  readonly peak?: number | undefined;
}

const D65: Chromaticity = [0.3127, 0.329];
const C: Chromaticity = [0.31, 0.316];

function primaries(
  [redX, redY, greenX, greenY, blueX, blueY]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
  ],
  white: Chromaticity = D65,
): Primaries {
  return { red: [redX, redY], green: [greenX, greenY], blue: [blueX, blueY], white };
}

const BT601 = primaries([0.63, 0.34, 0.31, 0.595, 0.155, 0.07]);
const BT709 = primaries([0.64, 0.33, 0.3, 0.6, 0.15, 0.06]);
export const BT2020: Primaries = primaries([0.708, 0.292, 0.17, 0.797, 0.131, 0.046]);

/** Colour primaries by their numbers (ITU-T H.273, table 2). */
const PRIMARIES: Readonly<Record<number, Primaries>> = {
  1: BT709,
  4: primaries([0.67, 0.33, 0.21, 0.71, 0.14, 0.08], C),
  5: primaries([0.64, 0.33, 0.29, 0.6, 0.15, 0.06]),
  6: BT601,
  7: BT601,
  8: primaries([0.681, 0.319, 0.243, 0.692, 0.145, 0.049], C),
  9: BT2020,
  10: primaries([1, 0, 0, 1, 0, 0], [1 / 3, 1 / 3]),
  11: primaries([0.68, 0.32, 0.265, 0.69, 0.15, 0.06], [0.314, 0.351]),
  12: primaries([0.68, 0.32, 0.265, 0.69, 0.15, 0.06]),
  22: primaries([0.63, 0.34, 0.295, 0.605, 0.155, 0.077]),
};

/** The curve of a plain gamma. */
export function toGammaCurve(exponent: number): Curve {
  return { exponent, a: 1, b: 0, c: 0, d: 0 };
}

const SRGB_CURVE: Curve = {
  exponent: 2.4,
  a: 1 / 1.055,
  b: 0.055 / 1.055,
  c: 1 / 12.92,
  d: 0.04045,
};

/** Transfer characteristics by their numbers (H.273, table 3). Those of television are shown by BT.1886, as browsers do. */
const TRANSFERS: Readonly<Record<number, Transfer>> = {
  ...Object.fromEntries([1, 6, 11, 14, 15].map((code) => [code, toGammaCurve(2.4)])),
  4: toGammaCurve(2.2),
  5: toGammaCurve(2.8),
  7: { exponent: 1 / 0.45, a: 1 / 1.1115, b: 0.1115 / 1.1115, c: 1 / 4, d: 0.0912 },
  8: toGammaCurve(1),
  13: SRGB_CURVE,
  16: "pq",
  17: { ...toGammaCurve(2.6), a: (52.37 / 48) ** (1 / 2.6) },
  18: "hlg",
};

export const SRGB: ColorSpace = { primaries: BT709, transfer: SRGB_CURVE };

export function findPrimaries(code: number): Primaries | undefined {
  return PRIMARIES[code];
}

export function findTransfer(code: number): Transfer | undefined {
  return TRANSFERS[code];
}

export function isCurve(transfer: Transfer): transfer is Curve {
  return typeof transfer !== "string";
}

export function isSrgb(space: ColorSpace): boolean {
  return space.primaries === SRGB.primaries && space.transfer === SRGB.transfer;
}
