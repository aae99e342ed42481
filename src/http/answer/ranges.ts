/** A part of a body, by the positions of its first and its last byte. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Two runs of spaces are never adjacent in this pattern: matching would take quadratic time. */
const RANGE = /^bytes\s*=\s*(?:(\d+)\s*)?-\s*(\d*)$/i;

/**
 * Reads a `Range` header (RFC 9110, 14.2) for a body of `size` bytes.
 *
 * @returns `undefined` if the whole body is to be sent: no header, another unit, a malformed range, several ranges
 */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, from = "", to = ""] = RANGE.exec((header ?? "").trim()) ?? [];
  if (from === "") return to === "" ? undefined : selectLast(Number(to), size);
  const first = Number(from);
  const last = to === "" ? Infinity : Number(to);
  if (last < first) return undefined;
  return first < size ? { first, last: Math.min(last, size - 1) } : "unsatisfiable";
}

function selectLast(count: number, size: number): ByteRange | "unsatisfiable" {
  if (count === 0 || size === 0) return "unsatisfiable";
  return { first: Math.max(0, size - count), last: size - 1 };
}

/** In bytes. */
export function countBytes({ first, last }: ByteRange): number {
  return last - first + 1;
}

/** The value of `Content-Range` for a part of `size` bytes. */
export function printContentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`;
}

/** The value of `Content-Range` for a range that begins after the end. */
export function printUnsatisfied(size: number): string {
  return `bytes */${size}`;
}
