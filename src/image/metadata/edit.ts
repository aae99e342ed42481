/** Bytes to overwrite: nothing moves. */
export interface Edit {
  /** Position of the first byte. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** A space, which is no content in XMP and in IPTC. */
const SPACE = 0x20;

/** Overwrites a part with one byte, a space unless told otherwise. */
export function fill(start: number, end: number, byte: number = SPACE): Edit {
  return { start, bytes: new Uint8Array(Math.max(0, end - start)).fill(byte) };
}

export function shiftEdits(edits: readonly Edit[], by: number): readonly Edit[] {
  return edits.map(({ start, bytes }) => ({ start: start + by, bytes }));
}

/**
 * Carries out edits of a whole on a part of it, in place.
 *
 * @param at position of the part in the whole
 */
export function applyEdits(part: Uint8Array, edits: readonly Edit[], at = 0): void {
  for (const { start, bytes } of edits) {
    const from = Math.max(start, at);
    const to = Math.min(start + bytes.length, at + part.length);
    if (from < to) part.set(bytes.subarray(from - start, to - start), from - at);
  }
}

/** True if an edit would change anything. */
export function isChange(whole: Uint8Array, { start, bytes }: Edit): boolean {
  return bytes.some((byte, index) => whole[start + index] !== byte);
}

/** A part of a file. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Joins parts of a file to the bytes of one block. One part is not copied. */
export function joinExtents(file: Uint8Array, extents: readonly Extent[]): Uint8Array {
  const parts = extents.map(({ start, end }) => file.subarray(start, end));
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** Translates edits of joined parts to edits of the file. */
export function spreadEdits(edits: readonly Edit[], extents: readonly Extent[]): readonly Edit[] {
  const spread: Edit[] = [];
  const waiting = edits.toSorted((a, b) => a.start - b.start);
  let at = 0; // of the extent, in the block
  let done = 0; // edits that end before it
  for (const { start, end } of extents) {
    const next = at + end - start;
    for (let index = done; index < waiting.length; index += 1) {
      const edit = waiting[index];
      if (!edit || edit.start >= next) break;
      const from = Math.max(edit.start, at);
      const to = Math.min(edit.start + edit.bytes.length, next);
      const bytes = edit.bytes.subarray(from - edit.start, to - edit.start);
      if (bytes.length > 0) spread.push({ start: start + from - at, bytes });
      if (to < next && index === done) done += 1;
    }
    at = next;
  }
  return spread;
}
