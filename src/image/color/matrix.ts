import type { Chromaticity, Primaries } from "./color-space.ts";

export type Vector = readonly [number, number, number];
/** Three rows. */
export type Matrix = readonly [Vector, Vector, Vector];

/** The white that the colours of ICC profiles are relative to: D50 (ICC.1:2022, 7.2.16). */
export const PROFILE_WHITE: Vector = [0.9642, 1, 0.8249];

/** Responses of the eye, by which colours are adapted from one white to another (Bradford). */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/**
 * Works out the matrix from red, green and blue light to XYZ, with white adapted to that of profiles; `undefined` for
 * primaries that span no colours.
 */
export function findMatrixToXyz({ red, green, blue, white }: Primaries): Matrix | undefined {
  const points = [red, green, blue, white];
  const isInRange = points.flat().every((value) => value >= 0 && value <= 1);
  const colors = transpose([toXyz(red), toXyz(green), toXyz(blue)]);
  if (!isInRange || white[1] === 0 || Math.abs(findDeterminant(colors)) < SMALLEST_DETERMINANT)
    return undefined;
  const [x, y, z] = toXyz(white);
  const light: Vector = [x / y, 1, z / y];
  const amounts = multiplyVector(invert(colors), light);
  const matrix = multiplyMatrix(colors, toDiagonal(amounts));
  const eye = multiplyVector(BRADFORD, light);
  const [long, middle, short] = multiplyVector(BRADFORD, PROFILE_WHITE);
  const ratios = toDiagonal([long / eye[0], middle / eye[1], short / eye[2]]);
  return multiplyMatrix(multiplyMatrix(multiplyMatrix(invert(BRADFORD), ratios), BRADFORD), matrix);
}

/** Twice the area of the triangle of primaries. That of sRGB is 0.22. */
const SMALLEST_DETERMINANT = 0.001;

function toXyz([x, y]: Chromaticity): Vector {
  return [x, y, 1 - x - y];
}

export function multiplyVector([first, second, third]: Matrix, vector: Vector): Vector {
  return [dot(first, vector), dot(second, vector), dot(third, vector)];
}

export function multiplyMatrix(matrix: Matrix, other: Matrix): Matrix {
  const columns = transpose(other);
  return transpose([
    multiplyVector(matrix, columns[0]),
    multiplyVector(matrix, columns[1]),
    multiplyVector(matrix, columns[2]),
  ]);
}

export function transpose([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  return [
    [a, d, g],
    [b, e, h],
    [c, f, i],
  ];
}

export function invert(matrix: Matrix): Matrix {
  const scale = 1 / findDeterminant(matrix);
  const [first, second, third] = matrix;
  return transpose([
    multiplyBy(cross(second, third), scale),
    multiplyBy(cross(third, first), scale),
    multiplyBy(cross(first, second), scale),
  ]);
}

function findDeterminant([first, second, third]: Matrix): number {
  return dot(first, cross(second, third));
}

function toDiagonal([a, b, c]: Vector): Matrix {
  return [
    [a, 0, 0],
    [0, b, 0],
    [0, 0, c],
  ];
}

function dot([a, b, c]: Vector, [d, e, f]: Vector): number {
  return a * d + b * e + c * f;
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

export function multiplyBy([a, b, c]: Vector, factor: number): Vector {
  return [a * factor, b * factor, c * factor];
}
