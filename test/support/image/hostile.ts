import { crc32 } from "node:zlib";

// Hostile and odd files are made here and never kept: see the tests for what each is about.

export function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([latin1(type), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** The end of the signature and the header of any PNG: where other chunks may begin. */
const PNG_BODY = 33;

export function insertIntoPng(png: Buffer, chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, PNG_BODY), ...chunks, png.subarray(PNG_BODY)]);
}

/** A PNG that ends after the beginning of its first data chunk: 41 bytes that promise a lot. */
export function drawPngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 6], 8); // 16 bits, with alpha
  const data = pngChunk("IDAT", new Uint8Array()).subarray(0, 8);
  return Buffer.concat([latin1("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", header), data]);
}

/** A marker of a JPEG with the length and content that follow it. */
export function jpegSegment(code: number, content: Uint8Array = new Uint8Array()): Buffer {
  const length = content.length + 2;
  return Buffer.concat([Uint8Array.of(0xff, code, length >> 8, length & 0xff), content]);
}

/** Spoils the Huffman tables of a JPEG in place: its header stays sound, and its pixels cannot be decoded. */
export function breakTables(jpeg: Buffer): Buffer {
  const lengths = jpeg.indexOf(Uint8Array.of(0xff, 0xc4)) + 5;
  return jpeg.fill(0xff, lengths, lengths + 16);
}

/** The last scan of a progressive JPEG, once more and more until there are `extra` more of them. */
export function repeatLastScan(jpeg: Buffer, extra: number): Buffer {
  const start = jpeg.lastIndexOf(latin1("\xff\xda"));
  const scan = jpeg.subarray(start, -2);
  const end = jpeg.subarray(-2);
  return Buffer.concat([jpeg.subarray(0, -2), ...Array.from({ length: extra }, () => scan), end]);
}

/**
 * Bytes that may be read only so often, one by one or by `indexOf`: a walk over them that goes back and forth throws.
 */
export function limitReads(bytes: Uint8Array, limit: number): Uint8Array {
  let reads = 0;
  const count = (more: number): void => {
    reads += more;
    if (reads > limit) throw new Error(`more than ${limit} reads of ${bytes.length} bytes`);
  };
  const indexOf: Uint8Array["indexOf"] = (value, from = 0) => {
    const found = bytes.indexOf(value, from);
    count((found === -1 ? bytes.length : found + 1) - from);
    return found;
  };
  return new Proxy(bytes, {
    get: (target, name) => {
      if (name === "indexOf") return indexOf;
      if (typeof name === "string" && /^\d+$/.test(name)) count(1);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The box at the beginning of an ISO base media file. */
export function ftyp(major: string, compatible: readonly string[] = []): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(16 + 4 * compatible.length);
  return Buffer.concat([
    size,
    latin1(`ftyp${major}\0\0\0\0${compatible.join("")}`),
    latin1("\0\0\0\x08mdat"),
  ]);
}
