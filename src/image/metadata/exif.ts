import { readLatin1 } from "./block.ts";
import type { Edit } from "./edit.ts";
import { fill, isChange } from "./edit.ts";

/** Tags (Exif 3.0, 4.6; TIFF 6.0) that lead to further directories, or to location. */
const SUB_IFDS = 0x014a;
const EXIF_IFD = 0x8769;
const GPS_IFD = 0x8825;
/** Tags of other metadata, in files that TIFF programs have written. */
const XMP = 0x02bc;
const IPTC = 0x83bb;
const PHOTOSHOP = 0x8649;

/** Bytes of a value, by its type (TIFF 6.0, section 2). */
const TYPE_BYTES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

/** More than any camera writes, and little enough for a serving process. */
const MAX_DIRECTORIES = 32;
const MAX_ENTRIES = 1024;
const MAX_POINTERS = 8;
const ENTRY_BYTES = 12;

interface Entry {
  readonly tag: number;
  /** Position of its value. */
  readonly start: number;
  readonly end: number;
  /** The value as one or more positions of directories. */
  readonly pointers: () => readonly number[];
}

interface Tiff {
  readonly view: DataView;
  readonly isLittle: boolean;
}

interface Directory {
  readonly start: number;
  readonly entries: readonly Entry[];
}

/** Metadata of another kind inside of Exif. */
export interface NestedBlock {
  readonly kind: "xmp" | "iptc" | "photoshop";
  readonly start: number;
  readonly end: number;
}

const NESTED: ReadonlyMap<number, NestedBlock["kind"]> = new Map([
  [XMP, "xmp"],
  [IPTC, "iptc"],
  [PHOTOSHOP, "photoshop"],
]);

/** Finds the values of the GPS directories, and empties these: what is left is their version. */
export function findExifLocation(exif: Uint8Array): readonly Edit[] {
  const tiff = openTiff(exif);
  if (!tiff) return [];
  const directories = listDirectories(tiff);
  const others = new Set(directories.map(({ start }) => start));
  const places = directories
    .flatMap(({ entries }) => entries)
    .filter(({ tag }) => tag === GPS_IFD)
    .flatMap(({ pointers }) => pointers())
    .filter((start) => !others.has(start)); // a broken file may call any directory its GPS one
  const at = tiff.view.byteOffset - exif.byteOffset;
  return [...new Set(places)]
    .flatMap((start) => emptyDirectory(tiff, start))
    .map(({ start, bytes }) => ({ start: start + at, bytes }))
    .filter((edit) => isChange(exif, edit));
}

/** Finds metadata of other kinds: the first of each. */
export function listNested(exif: Uint8Array): readonly NestedBlock[] {
  const tiff = openTiff(exif);
  if (!tiff) return [];
  const at = tiff.view.byteOffset - exif.byteOffset;
  const entries = listDirectories(tiff).flatMap((directory) => directory.entries);
  return [...NESTED].flatMap(([wanted, kind]) => {
    const entry = entries.find(({ tag }) => tag === wanted);
    return entry ? [{ kind, start: entry.start + at, end: entry.end + at }] : [];
  });
}

/** Reads the first text of each of these tags. */
export function readExifTexts(
  exif: Uint8Array,
  tags: ReadonlySet<number>,
): ReadonlyMap<number, string> {
  const texts = new Map<number, string>();
  const tiff = openTiff(exif);
  if (!tiff) return texts;
  const bytes = exif.subarray(tiff.view.byteOffset - exif.byteOffset);
  for (const { entries } of listDirectories(tiff)) {
    for (const { tag, start, end } of entries) {
      if (!tags.has(tag) || texts.has(tag)) continue;
      texts.set(tag, Buffer.from(bytes.subarray(start, end)).toString("utf8"));
    }
  }
  return texts;
}

/** Containers put a few bytes of their own before it. */
const MAX_PREFIX = 64;

function openTiff({ buffer, byteOffset, length }: Uint8Array): Tiff | undefined {
  const start = readLatin1(new Uint8Array(buffer, byteOffset, length), 0, MAX_PREFIX);
  const at = /II\*\0|MM\0\*/.exec(start)?.index;
  if (at === undefined || length - at < 8) return undefined;
  return {
    view: new DataView(buffer, byteOffset + at, length - at),
    isLittle: start[at] === "I",
  };
}

/** All directories but those of GPS. */
function listDirectories(tiff: Tiff): readonly Directory[] {
  const { view, isLittle } = tiff;
  const directories: Directory[] = [];
  const seen = new Set<number>();
  const waiting = [view.getUint32(4, isLittle)];
  let left = MAX_ENTRIES;
  for (let start = waiting.pop(); start !== undefined; start = waiting.pop()) {
    if (seen.has(start) || seen.size === MAX_DIRECTORIES || start + 2 > view.byteLength) continue;
    seen.add(start);
    const entries = [...readEntries(tiff, start, left)];
    left -= entries.length;
    directories.push({ start, entries });
    const leading = entries.filter(({ tag }) => tag === EXIF_IFD || tag === SUB_IFDS);
    waiting.push(...leading.flatMap(({ pointers }) => pointers()));
    const next = start + 2 + ENTRY_BYTES * view.getUint16(start, isLittle);
    if (next + 4 <= view.byteLength) waiting.push(view.getUint32(next, isLittle));
  }
  return directories;
}

function* readEntries(
  { view, isLittle }: Tiff,
  directory: number,
  limit: number,
): Generator<Entry> {
  const count = Math.min(view.getUint16(directory, isLittle), limit);
  for (let index = 0; index < count; index += 1) {
    const at = directory + 2 + ENTRY_BYTES * index;
    if (at + ENTRY_BYTES > view.byteLength) return;
    const values = view.getUint32(at + 4, isLittle);
    const size = (TYPE_BYTES[view.getUint16(at + 2, isLittle)] ?? 0) * values;
    const start = size <= 4 ? at + 8 : view.getUint32(at + 8, isLittle);
    const end = start + size;
    if (size === 0 || end > view.byteLength) continue;
    const read = (_: unknown, each: number): number => view.getUint32(start + 4 * each, isLittle);
    const pointers = (): readonly number[] =>
      Array.from({ length: Math.min(MAX_POINTERS, Math.floor(size / 4)) }, read);
    yield { tag: view.getUint16(at, isLittle), start, end, pointers };
  }
}

/** The one entry that each GPS directory must have: GPSVersionID, 2.3.0.0, of four bytes. */
const VERSION = { tag: 0, type: 1, count: 4, value: [2, 3, 0, 0] } as const;

function emptyDirectory(tiff: Tiff, start: number): readonly Edit[] {
  const { view, isLittle } = tiff;
  if (start + 2 > view.byteLength) return [];
  const count = view.getUint16(start, isLittle);
  const end = Math.min(start + 2 + ENTRY_BYTES * count + 4, view.byteLength);
  const values = [...readEntries(tiff, start, MAX_ENTRIES)]
    .filter((entry) => entry.end <= start || entry.start >= end)
    .map((entry) => fill(entry.start, entry.end, 0));
  const directory = fill(start, end, 0);
  if (directory.bytes.length < 2 + ENTRY_BYTES) return [...values, directory];
  const written = new DataView(directory.bytes.buffer);
  written.setUint16(0, 1, isLittle);
  written.setUint16(2, VERSION.tag, isLittle);
  written.setUint16(4, VERSION.type, isLittle);
  written.setUint32(6, VERSION.count, isLittle);
  directory.bytes.set(VERSION.value, 10);
  return [...values, directory];
}
