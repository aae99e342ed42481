/** A part of a body, by the positions of its first and its last byte. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** No two runs of spaces stand side by side here: how to share them out would take the square of their number. */
const RANGE = /^bytes\s*=\s*(?:(\d+)\s*)?-\s*(\d*)$/i;

/**
 * Reads a `Range` header (RFC 9110, 14.2) for a body of `size` bytes.
 *
 * @returns `undefined` for what is to be ignored: no header, another unit, no range at all, several
 * ranges, which a server may answer with everything
 */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, from = "", to = ""] = RANGE.exec((header ?? "").trim()) ?? [];
  if (from === "") return to === "" ? undefined : lastBytes(Number(to), size);
  const first = Number(from);
  const last = to === "" ? Infinity : Number(to);
  if (last < first) return undefined;
  return first < size ? { first, last: Math.min(last, size - 1) } : "unsatisfiable";
}

function lastBytes(count: number, size: number): ByteRange | "unsatisfiable" {
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

/** The value of `Content-Range` that tells whoever asked for too much how much there is. */
export function printUnsatisfied(size: number): string {
  return `bytes */${size}`;
}
