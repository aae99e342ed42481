import { crc32 } from "node:zlib";
import type { Block, BlockKind, OpaqueBlock } from "../block.ts";
import { MAX_PIECES, OPAQUE, readLatin1, sniffBlock } from "../block.ts";
import type { Edit, Extent } from "../edit.ts";
import { applyEdits, fill, shiftEdits } from "../edit.ts";
import { readTextProfile } from "./profile.ts";
import { isPlaceName } from "../xmp.ts";
import { compressTo, inflate } from "./zlib.ts";

const SIGNATURE_BYTES = 8;
/** Length, type and checksum around the data of a chunk. */
const CHUNK_BYTES = 12;

/** The data of a chunk; its type is before it, and its checksum after it. */
type Chunk = Extent & { readonly type: string };

/** Some bytes of a chunk, decoded, and how they are written again in the same room. */
interface Content {
  readonly bytes: Uint8Array;
  /** Translates edits of these bytes to edits of the chunk's data. */
  readonly toChunkEdits: (edits: readonly Edit[]) => readonly Edit[];
}

/** Finds the metadata of a PNG (PNG, 11.3): Exif, XMP, and the profiles that ImageMagick writes as text. */
export function* listPngBlocks(file: Uint8Array): Generator<Block | OpaqueBlock> {
  const budget = { inflatedBytes: MAX_INFLATED_BYTES };
  for (const chunk of readChunks(file)) {
    if (!chunk) yield OPAQUE;
    else if (chunk.type === "eXIf") yield toBlock(file, chunk, ["exif", readAll(file, chunk)]);
    else if (TEXTS.has(chunk.type)) yield* listTextBlocks(file, chunk, budget);
  }
}

/** Gives `undefined` in place of more chunks than there may be. */
function* readChunks(file: Uint8Array): Generator<Chunk | undefined> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = SIGNATURE_BYTES;
  for (let count = 0; at + CHUNK_BYTES <= file.length; count += 1) {
    const start = at + 8;
    const end = start + view.getUint32(at);
    if (end + 4 > file.length) return;
    if (count === MAX_PIECES) {
      yield undefined;
      return;
    }
    yield { type: readLatin1(file, at + 4, start), start, end };
    at = end + 4;
  }
}

function toBlock(
  file: Uint8Array,
  chunk: Chunk,
  [kind, { bytes, toChunkEdits }]: readonly [BlockKind, Content],
): Block {
  const toFileEdits = (edits: readonly Edit[]): readonly Edit[] =>
    edits.length === 0 ? [] : writeChunk(file, chunk, toChunkEdits(edits));
  return { kind, bytes, toFileEdits };
}

/** Adds the checksum, of the type and the data (PNG, 5.5). */
function writeChunk(
  file: Uint8Array,
  { start, end }: Chunk,
  edits: readonly Edit[],
): readonly Edit[] {
  const inFile = shiftEdits(edits, start);
  const written = new Uint8Array(file.subarray(start - 4, end));
  applyEdits(written, inFile, start - 4);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(written));
  return [...inFile, { start: end, bytes: checksum }];
}

function readAll(file: Uint8Array, { start, end }: Extent): Content {
  return { bytes: file.subarray(start, end), toChunkEdits: (edits) => edits };
}

const TEXTS: ReadonlySet<string> = new Set(["tEXt", "zTXt", "iTXt"]);
/** Of all texts of a file together. */
const MAX_INFLATED_BYTES = 16 * 1024 * 1024;

function* listTextBlocks(
  file: Uint8Array,
  chunk: Chunk,
  budget: { inflatedBytes: number },
): Generator<Block | OpaqueBlock> {
  const data = file.subarray(chunk.start, chunk.end);
  const keyword = readLatin1(data, 0, Math.max(0, Math.min(MAX_KEYWORD_BYTES, data.indexOf(0))));
  const read = TEXT_READERS.find(([matches]) => matches(keyword))?.[1];
  const text = read && findText(data, chunk.type, keyword.length + 1);
  if (!text) return;
  const content = readContent(data, text, budget.inflatedBytes);
  if (content && text.isCompressed) budget.inflatedBytes -= content.bytes.length;
  if (!content) yield OPAQUE;
  const block = content && read(content);
  if (block) yield toBlock(file, chunk, block);
}

const MAX_KEYWORD_BYTES = 80;

type ReadBlock = (content: Content) => readonly [BlockKind, Content] | undefined;

/** The texts that are metadata, by their keywords. */
const TEXT_READERS: readonly (readonly [(keyword: string) => boolean, ReadBlock])[] = [
  [(keyword) => keyword === "XML:com.adobe.xmp", (content) => ["xmp", content]],
  [(keyword) => keyword.startsWith("Raw profile type "), readProfileBlock],
  [isPlaceName, (content) => ["place", content]],
];

function readProfileBlock(content: Content): ReturnType<ReadBlock> {
  const profile = readTextProfile(content.bytes);
  const kind = profile && sniffBlock(profile.bytes);
  if (!profile || !kind) return undefined;
  const { bytes, toTextEdits } = profile;
  const toChunkEdits = (edits: readonly Edit[]): readonly Edit[] =>
    content.toChunkEdits(toTextEdits(edits));
  return [kind, { bytes, toChunkEdits }];
}

interface TextPlace {
  readonly start: number;
  readonly isCompressed: boolean;
}

/** Finds the text after the keyword (PNG, 11.3.3). */
function findText(data: Uint8Array, type: string, start: number): TextPlace | undefined {
  if (type === "tEXt") return { start, isCompressed: false };
  if (type === "zTXt") return { start: start + 1, isCompressed: true };
  const language = data.indexOf(0, start + 2);
  const translation = language === -1 ? -1 : data.indexOf(0, language + 1);
  return translation === -1
    ? undefined
    : { start: translation + 1, isCompressed: data[start] === 1 };
}

/** `undefined` for compressed text that is broken, or comes to too much. */
function readContent(
  data: Uint8Array,
  { start, isCompressed }: TextPlace,
  maxBytes: number,
): Content | undefined {
  const stored = data.subarray(start);
  if (!isCompressed) {
    return { bytes: stored, toChunkEdits: (edits) => shiftEdits(edits, start) };
  }
  const bytes = inflate(stored, maxBytes);
  if (!bytes) return undefined;
  const toChunkEdits = (edits: readonly Edit[]): readonly Edit[] => {
    const written = new Uint8Array(bytes);
    applyEdits(written, edits);
    const compressed =
      compressTo(stored.length, written) ?? compressTo(stored.length, new Uint8Array());
    // a stream too short to be written again holds no location
    return compressed ? [{ start, bytes: compressed }] : [fill(start, data.length)];
  };
  return { bytes, toChunkEdits };
}
