import type { Box } from "../../input/avif/boxes.ts";
import { walkBoxes } from "../../input/avif/boxes.ts";
import type { Block, BlockKind, OpaqueBlock } from "../block.ts";
import { createBlock, MAX_PIECES, OPAQUE, readLatin1, sniffBlock } from "../block.ts";
import { ByteReader } from "./byte-reader.ts";
import type { Extent } from "../edit.ts";
import { listVideoPlaces } from "./video.ts";

/** Brands of AVIF and HEIC, images and sequences. */
const BRANDS = /avif|avis|heic|heix|heim|heis|hevc|hevx|mif1|msf1|miaf/;

/** True for AVIF and HEIC, by the brands that the first box names. */
export function isHeif(file: Uint8Array): boolean {
  return BRANDS.test(readLatin1(file, 8, 64)) && readLatin1(file, 4, 8) === "ftyp";
}

/** The id of the box with XMP, in files like this one that are no images (XMP, part 3). */
const XMP_ID = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

/** Finds the metadata of AVIF and HEIC (ISO/IEC 14496-12, 8.11; 23008-12, annex A). */
export function* listHeifBlocks(file: Uint8Array): Generator<Block | OpaqueBlock> {
  // a sequence is a video, and a moving photo has one
  yield* listVideoPlaces(file, { start: 0, end: file.length });
  for (const box of walkBoxes(file)) {
    const { type, content: start, end } = box;
    if (type === "meta") yield* listItemBlocks(file, box);
    if (type === "uuid" && readLatin1(file, start, start + XMP_ID.length) === XMP_ID) {
      yield createBlock("xmp", file, [{ start: start + XMP_ID.length, end }]);
    }
  }
}

/** Version and flags, which some boxes begin with. */
const FULL_BOX_BYTES = 4;

function* listItemBlocks(file: Uint8Array, meta: Box): Generator<Block | OpaqueBlock> {
  const inside = walkBoxes(file, meta.content + FULL_BOX_BYTES, meta.end);
  const boxes = new Map([...inside].map((box) => [box.type, box]));
  const [infos, places] = [boxes.get("iinf"), boxes.get("iloc")];
  if (!infos || !places) return;
  const kinds = readItemKinds(file, infos);
  if (kinds.size === 0) return;
  const data = boxes.get("idat");
  const grounds = [{ start: 0, end: file.length }, data && { ...data, start: data.content }];
  for (const { id, extents } of readItemPlaces(file, places, grounds)) {
    const kind = kinds.get(id);
    if (kind) yield readItem(file, kind, extents);
  }
}

type ItemKind = Extract<BlockKind, "exif" | "xmp"> | "opaque";

function readItem(
  file: Uint8Array,
  kind: ItemKind,
  extents: readonly Extent[] | undefined,
): Block | OpaqueBlock {
  // parts that overlap could add up to any length
  if (kind === "opaque" || !extents || sumLengths(extents) > file.length) return OPAQUE;
  const block = createBlock(kind, file, extents);
  // another kind of bytes may be anything
  return sniffBlock(block.bytes) === kind ? block : OPAQUE;
}

function sumLengths(extents: readonly Extent[]): number {
  return extents.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Reads which items are metadata. */
function readItemKinds(file: Uint8Array, infos: Box): ReadonlyMap<number, ItemKind> {
  const kinds = new Map<number, ItemKind>();
  const countBytes = file[infos.content] === 0 ? 2 : 4;
  const first = infos.content + FULL_BOX_BYTES + countBytes;
  for (const entry of walkBoxes(file, first, infos.end)) {
    const reader = new ByteReader(file, { start: entry.content, end: entry.end });
    const version = reader.readUint(1);
    if (entry.type !== "infe" || version < 2) continue;
    reader.readUint(3); // flags
    const id = reader.readUint(version === 2 ? 2 : 4);
    reader.readUint(2); // protection
    const type = reader.readText(4);
    if (type === "Exif") kinds.set(id, "exif");
    if (type !== "mime") continue;
    reader.readString(); // name
    if (reader.readString() !== "application/rdf+xml") continue;
    kinds.set(id, reader.readString() === "" ? "xmp" : "opaque");
  }
  return kinds;
}

interface ItemPlace {
  readonly id: number;
  /** Undefined for an item that is made of others, or lies in another file. */
  readonly extents: readonly Extent[] | undefined;
}

/**
 * Reads where the items lie.
 *
 * @param grounds by construction method: the file, and the box of data
 */
function* readItemPlaces(
  file: Uint8Array,
  places: Box,
  grounds: readonly (Extent | undefined)[],
): Generator<ItemPlace> {
  const reader = new ByteReader(file, { start: places.content, end: places.end });
  const version = reader.readUint(1);
  reader.readUint(3); // flags
  const [offset, length] = reader.readHalves();
  const [base, index] = reader.readHalves();
  const idBytes = version < 2 ? 2 : 4;
  const sizes = { offset, length, base, index: version === 0 ? 0 : index };
  const count = Math.min(reader.readUint(idBytes), MAX_PIECES);
  for (let left = count; left > 0 && reader.left > 0; left -= 1) {
    const id = reader.readUint(idBytes);
    const method = version === 0 ? 0 : reader.readUint(2) % 16;
    const isInFile = reader.readUint(2) === 0;
    const ground = isInFile ? grounds[method] : undefined;
    const extents = readExtents(reader, sizes, ground?.start ?? 0);
    yield { id, extents: ground && extents.flatMap((extent) => clip(extent, ground)) };
  }
}

/** Bytes of each number in the description of an extent. */
type FieldSizes = Readonly<Record<"offset" | "length" | "base" | "index", number>>;

/** Parts of an item: writers put each into one. */
const MAX_EXTENTS = 64;

function readExtents(reader: ByteReader, sizes: FieldSizes, ground: number): readonly Extent[] {
  const base = ground + reader.readUint(sizes.base);
  const extents: Extent[] = [];
  const count = Math.min(reader.readUint(2), MAX_EXTENTS);
  for (let left = count; left > 0 && reader.left > 0; left -= 1) {
    reader.readUint(sizes.index);
    const start = base + reader.readUint(sizes.offset);
    const length = reader.readUint(sizes.length) || Infinity; // to the end
    extents.push({ start, end: start + length });
  }
  return extents;
}

function clip({ start, end }: Extent, ground: Extent): readonly Extent[] {
  const clipped = { start, end: Math.min(end, ground.end) };
  return start < clipped.end ? [clipped] : [];
}
