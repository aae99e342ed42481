import type { Edit, Extent } from "./edit.ts";
import { joinExtents, spreadEdits } from "./edit.ts";

export type BlockKind =
  /** A TIFF structure, after some bytes of its container. */
  | "exif"
  /** XML. */
  | "xmp"
  /** The records of IPTC-IIM. */
  | "iptc"
  /** Resources of Photoshop, which hold blocks of the other kinds. */
  | "photoshop"
  /** A text that is a location as a whole. */
  | "place";

/** A piece of metadata in a file. */
export interface Block {
  readonly kind: BlockKind;
  readonly bytes: Uint8Array;
  /** Translates edits of its bytes to edits of the file. */
  readonly toFileEdits: (edits: readonly Edit[]) => readonly Edit[];
}

/** Metadata that may name a location, and that cannot be read here. */
export interface OpaqueBlock {
  readonly kind: "opaque";
}

export const OPAQUE: OpaqueBlock = { kind: "opaque" };

/** Blocks of a file that are looked into: a few for each of its images. */
export const MAX_BLOCKS = 128;
/** Segments, chunks or boxes of a file: a large PNG has some thousands. */
export const MAX_PIECES = 20_000;

/** Gives the metadata of one container format, in the order of the file. Ends where the structure is broken. */
export type ListBlocks = (file: Uint8Array) => Iterable<Block | OpaqueBlock>;

/** A block that lies in a file as it is, in one part or more. */
export function createBlock(kind: BlockKind, file: Uint8Array, extents: readonly Extent[]): Block {
  return {
    kind,
    bytes: joinExtents(file, extents),
    toFileEdits: (edits) => spreadEdits(edits, extents),
  };
}

/** How Exif begins in a JPEG, and in files of programs that take it from there. */
export const EXIF_MARK = "Exif\0\0";
/** How the resources of Photoshop begin in a JPEG, and each of them. */
export const PHOTOSHOP_MARK = "Photoshop 3.0\0";
export const RESOURCE_MARK = "8BIM";
export const XMP_MARK = "http://ns.adobe.com/xap/1.0/\0";

const IPTC_RECORD = 0x1c;
/** A byte-order mark, white space, a tag, in any encoding. */
const XML_START = /^(?:\xef\xbb\xbf|\xfe\xff|\xff\xfe)?[\s\0]*</;

/** Tells the kind of a block by its first bytes; `undefined` for anything else. */
export function sniffBlock(bytes: Uint8Array): BlockKind | undefined {
  const start = readLatin1(bytes, 0, 256);
  if (start.startsWith(EXIF_MARK) || /^.{0,16}(?:II\*\0|MM\0\*)/s.test(start)) return "exif";
  if (start.startsWith(PHOTOSHOP_MARK) || start.startsWith(RESOURCE_MARK)) return "photoshop";
  if (bytes[0] === IPTC_RECORD) return "iptc";
  return start.startsWith(XMP_MARK) || XML_START.test(start) ? "xmp" : undefined;
}

/** One character a byte. */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  const { buffer, byteOffset, length } = bytes;
  const from = Math.min(start, length);
  return Buffer.from(buffer, byteOffset + from, Math.max(0, Math.min(end, length) - from)).toString(
    "latin1",
  );
}
