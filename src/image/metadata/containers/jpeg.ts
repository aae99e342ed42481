import { APP1, APP13, EOI, MARKER, readPair, SOI, SOS } from "../../input/jpeg/segments.ts";
import type { Block, BlockKind, OpaqueBlock } from "../block.ts";
import {
  createBlock,
  EXIF_MARK,
  MAX_PIECES,
  OPAQUE,
  PHOTOSHOP_MARK,
  readLatin1,
  XMP_MARK,
} from "../block.ts";
import type { Extent } from "../edit.ts";
import { listVideoPlaces } from "./video.ts";

/** How the content of a segment begins that is metadata. */
interface SegmentKind {
  readonly code: number;
  readonly mark: string;
  readonly kind: BlockKind;
  /** Segments are parts of one block where these characters after the mark are the same. */
  readonly idLength?: number;
  /** Bytes between the mark and the metadata. */
  readonly skip?: number;
}

const SEGMENT_KINDS: readonly SegmentKind[] = [
  { code: APP1, mark: EXIF_MARK, kind: "exif" },
  { code: APP1, mark: XMP_MARK, kind: "xmp" },
  // an id, the length of the packet, and the place of the part in it
  { code: APP1, mark: "http://ns.adobe.com/xmp/extension/\0", kind: "xmp", idLength: 32, skip: 40 },
  { code: APP13, mark: PHOTOSHOP_MARK, kind: "photoshop", idLength: 0 },
];

const MAX_MARK_LENGTH = 64;

/** Every JPEG begins so, also those that follow the first one: other sizes, depth maps, gain maps (CIPA DC-007). */
const START = Buffer.from([MARKER, SOI, MARKER]);

/** How far a file has been read, and how many more of its pieces may be. */
interface Progress {
  at: number;
  pieces: number;
}

/** Finds the metadata of all images of a JPEG, and passes over the pixels without reading them. */
export function* listJpegBlocks(file: Uint8Array): Generator<Block | OpaqueBlock> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const progress = { at: 0, pieces: MAX_PIECES };
  let imageEnd = 0;
  for (let image = 0; image !== -1; image = bytes.indexOf(START, progress.at)) {
    progress.at = image + 2;
    progress.pieces -= 1;
    yield* listHeaderBlocks(file, progress);
    imageEnd ||= progress.at;
    if (progress.pieces > 0) continue;
    yield OPAQUE;
    return;
  }
  yield* listVideoPlaces(file, { start: imageEnd, end: file.length });
}

function* listHeaderBlocks(file: Uint8Array, progress: Progress): Generator<Block> {
  const blocks = new Map<string, { readonly kind: BlockKind; readonly extents: Extent[] }>();
  for (const segment of readHeaderSegments(file, progress)) {
    const part = readPart(file, segment);
    if (!part) continue;
    const { kind, name, start } = part;
    const block = blocks.get(name) ?? { kind, extents: [] };
    blocks.set(name, block);
    // writers keep the parts in order
    block.extents.push({ start, end: segment.end });
  }
  for (const { kind, extents } of blocks.values()) yield createBlock(kind, file, extents);
}

interface BlockPart {
  readonly kind: BlockKind;
  /** The same for all parts of a block. */
  readonly name: string;
  readonly start: number;
}

function readPart(file: Uint8Array, { code, start, end }: HeaderSegment): BlockPart | undefined {
  if (code !== APP1 && code !== APP13) return undefined;
  const content = start + 4;
  const begin = readLatin1(file, content, Math.min(end, content + MAX_MARK_LENGTH));
  const found = SEGMENT_KINDS.find((each) => each.code === code && begin.startsWith(each.mark));
  if (!found) return undefined;
  const { kind, mark, idLength, skip = 0 } = found;
  const at = content + mark.length;
  const id = idLength === undefined ? String(start) : readLatin1(file, at, at + idLength);
  return { kind, name: `${mark} ${id}`, start: Math.min(end, at + skip) };
}

type HeaderSegment = Extent & { readonly code: number };

/** Reads the segments before the first scan, and passes over bytes between them, as libjpeg does. */
function* readHeaderSegments(file: Uint8Array, progress: Progress): Generator<HeaderSegment> {
  while (progress.pieces > 0) {
    progress.at = findSegment(file, progress.at);
    const start = progress.at;
    const code = file[start + 1];
    if (code === undefined || code === SOS || code === EOI) return;
    progress.at = Math.min(file.length, start + 2 + Math.max(2, readPair(file, start + 2)));
    progress.pieces -= 1;
    yield { code, start, end: progress.at };
  }
}

/** @returns the position of a marker that a length follows, or that ends the header; the length of the file at its end */
function findSegment(file: Uint8Array, from: number): number {
  for (let at = from; at + 4 <= file.length; at += 1) {
    if (file[at] !== MARKER) continue;
    const code = file[at + 1] ?? 0;
    if (code >= 0xc0 && code !== MARKER && (code < 0xd0 || code >= EOI)) return at;
  }
  return file.length;
}
