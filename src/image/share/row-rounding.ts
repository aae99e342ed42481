/** libvips keeps positions between rows in steps of 1/64 (VIPS_TRANSFORM_SHIFT), to the nearest one. */
const POSITION_BITS = 6;
/** Sums of so many binary digits behind the point, and as many before it as images have rows, are exact. */
const EXACT_BITS = 26;
/** It averages whole rows first, so that this many and more are left for each that is wanted (reducing gap). */
const GAP = 2;

/**
 * Whether it depends on the pieces in which libvips makes an image what it scales it to. It adds up the position of a
 * row from that of the piece's first (reducev.cpp): one that lies in the middle of two steps is rounded to either, as
 * the error of that sum has it. Pieces of files are strips, and those of memory are tiles.
 *
 * Row y of `to` rows lies at (y + 1/2) · from / to, after averaging `whole` rows at from / (whole · to). For some y that
 * is an odd number of half steps only if `whole · to` can be halved as often as `from`, and 6 times more. Of
 * distances with few binary digits the sum has no error.
 *
 * @param from how many rows there are
 * @param to how many of them are wanted
 */
export function dependsOnPieces(from: number, to: number): boolean {
  if (to >= from) return false; // enlarged by another way
  const whole = Math.max(1, Math.floor(from / to / GAP));
  const distance = 1 / (1 / (from / to)) / whole; // as sharp and libvips work it out
  if (Number.isInteger(distance * 2 ** EXACT_BITS)) return false;
  return countHalvings(whole * to) === countHalvings(from) + POSITION_BITS;
}

/** How often a number can be divided by two. */
function countHalvings(value: number): number {
  return 31 - Math.clz32(value & -value);
}
