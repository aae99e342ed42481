import { crc32, deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import { applyEdits } from "../../../src/image/metadata/edit.ts";
import { findLocation } from "../../../src/image/metadata/location.ts";
import { drawQuadrants } from "../images.ts";

/** The place, date and owner that test images name, and how the place is written in each kind of metadata. */
export const COPYRIGHT = "(c) Ann & Co";
export const TAKEN_AT = "2021-05-06T07:08:09";
/** Words that must be gone once the location is: of XMP, and of IPTC. */
export const PLACE_WORDS: readonly string[] = [
  "53,33.5N",
  "9,59.1E",
  "+53.5586+009.9847",
  "Altona",
  "Speicherstadt",
];
/** Degrees, minutes and seconds of latitude, as Exif has them: 53 33 31.4159. */
export const LATITUDE: Buffer = writeUint32s("II", 53, 1, 33, 1, 314_159, 10_000);

export const XMP = `<?xpacket begin="\u{feff}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 exif:GPSLatitude="53,33.5N" exif:DateTimeOriginal="${TAKEN_AT}">
<exif:GPSLongitude>9,59.1E</exif:GPSLongitude>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Ann &amp; Co</rdf:li></rdf:Alt></dc:rights>
<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource">
<Iptc4xmpExt:City>Altona</Iptc4xmpExt:City></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

/** Overwrites the location that a file names. */
export function eraseLocation(file: Uint8Array): "erased" | "none" | "unknown" {
  const { isComplete, edits } = findLocation(file);
  applyEdits(file, edits);
  if (!isComplete) return "unknown";
  return edits.length > 0 ? "erased" : "none";
}

/** An image without metadata. */
export function drawBare(format: "jpeg" | "png" | "webp" | "avif"): Promise<Buffer> {
  const image: Sharp = drawQuadrants(64, 48);
  return image.toFormat(format).toBuffer();
}

type ByteOrder = "II" | "MM";

function writeUint16(order: ByteOrder, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  if (order === "II") bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
}

/** Numbers of 32 bits. */
function writeUint32s(order: ByteOrder, ...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, value] of numbers.entries()) {
    if (order === "II") bytes.writeUInt32LE(value, index * 4);
    else bytes.writeUInt32BE(value, index * 4);
  }
  return bytes;
}

interface Tag {
  readonly tag: number;
  readonly type: 2 | 3 | 4 | 5;
  readonly value: Buffer;
}

/** Exif as cameras write it: orientation 6, a copyright, a date, and a GPS directory. */
export function writeExif(order: ByteOrder): Buffer {
  const uint16 = (value: number): Buffer => writeUint16(order, value);
  const pointer = (value: number): Buffer => writeUint32s(order, value);
  const latitude = writeUint32s(order, 53, 1, 33, 1, 314_159, 10_000);
  const owner = (exif: number, gps: number): readonly Tag[] => [
    { tag: 0x0112, type: 3, value: uint16(6) },
    { tag: 0x8298, type: 2, value: Buffer.from(`${COPYRIGHT}\0`) },
    { tag: 0x8769, type: 4, value: pointer(exif) },
    { tag: 0x8825, type: 4, value: pointer(gps) },
  ];
  const camera: readonly Tag[] = [
    { tag: 0x9003, type: 2, value: Buffer.from(`2021:05:06 07:08:09\0`) },
  ];
  const place: readonly Tag[] = [
    { tag: 1, type: 2, value: Buffer.from(`N\0`) },
    { tag: 2, type: 5, value: latitude },
    { tag: 3, type: 2, value: Buffer.from(`E\0`) },
    { tag: 4, type: 5, value: latitude },
  ];
  const write = (tags: readonly Tag[], at: number): Buffer => {
    const entries = 2 + 12 * tags.length + 4;
    const values: Buffer[] = [];
    let valueAt = at + entries;
    const directory = tags.map(({ tag, type, value }) => {
      const count = pointer(value.length / { 2: 1, 3: 2, 4: 4, 5: 8 }[type]);
      if (value.length <= 4) {
        return Buffer.concat([uint16(tag), uint16(type), count, value, Buffer.alloc(4)], 12);
      }
      const start = valueAt;
      values.push(value, Buffer.alloc(value.length % 2)); // values begin at even positions
      valueAt += value.length + (value.length % 2);
      return Buffer.concat([uint16(tag), uint16(type), count, pointer(start)]);
    });
    return Buffer.concat([uint16(tags.length), ...directory, pointer(0), ...values]);
  };
  const exifAt = 8 + write(owner(0, 0), 8).length;
  const gpsAt = exifAt + write(camera, exifAt).length;
  const header = Buffer.concat([Buffer.from(order), uint16(42), pointer(8)]);
  return Buffer.concat([
    header,
    write(owner(exifAt, gpsAt), 8),
    write(camera, exifAt),
    write(place, gpsAt),
  ]);
}

/** IPTC with a place and a copyright, as a resource of Photoshop. */
function writeIptc(): Buffer {
  const records = Buffer.concat([
    writeDataSet(92, "Speicherstadt"),
    writeDataSet(90, "Altona "),
    writeDataSet(116, COPYRIGHT),
  ]);
  return Buffer.concat([
    Buffer.from("8BIM\x04\x04\0\0"),
    writeUint32s("MM", records.length),
    records,
    Buffer.alloc(records.length % 2),
  ]);
}

function writeDataSet(number: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([0x1c, 2, number, 0, text.length]), Buffer.from(text)]);
}

export function writeSegment(code: number, ...content: readonly (string | Uint8Array)[]): Buffer {
  const body = Buffer.concat(content.map((each) => Buffer.from(each as string, "latin1")));
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** Puts segments after the first marker of a JPEG. */
export function insertSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

export const EXIF_SEGMENT: Buffer = writeSegment(0xe1, "Exif\0\0", writeExif("MM"));
export const XMP_SEGMENT: Buffer = writeSegment(
  0xe1,
  "http://ns.adobe.com/xap/1.0/\0",
  Buffer.from(XMP),
);
export const IPTC_SEGMENT: Buffer = writeSegment(0xed, "Photoshop 3.0\0", writeIptc());

/** A packet that is too long for one segment: parts of it, cut in the middle of a coordinate. */
export function writeExtendedXmp(): readonly Buffer[] {
  const packet = Buffer.from(XMP);
  const cut = packet.indexOf("53,33.5N") + 3;
  const size = writeUint32s("MM", packet.length);
  return [packet.subarray(0, cut), packet.subarray(cut)].map((part, index) =>
    writeSegment(
      0xe1,
      `http://ns.adobe.com/xmp/extension/\0${"0123456789ABCDEF".repeat(2)}`,
      size,
      writeUint32s("MM", index * cut),
      part,
    ),
  );
}

/** A JPEG with a second image after it, and the index of both (CIPA DC-007): each names a location. */
export async function drawMultiPicture(): Promise<Buffer> {
  const bare = await drawBare("jpeg");
  const second = insertSegments(bare, [EXIF_SEGMENT]);
  const length = insertSegments(bare, [EXIF_SEGMENT, writeIndex([0, 0], 0)]).length;
  // positions count from the header of the index
  const base = 2 + EXIF_SEGMENT.length + 8;
  const index = writeIndex([length, second.length], length - base);
  return Buffer.concat([insertSegments(bare, [EXIF_SEGMENT, index]), second]);
}

function writeIndex(sizes: readonly [number, number], secondAt: number): Buffer {
  const entry = (tag: number, type: number, ...rest: readonly [number, number]): Buffer =>
    Buffer.concat([writeUint16("II", tag), writeUint16("II", type), writeUint32s("II", ...rest)]);
  return writeSegment(
    0xe2,
    "MPF\0",
    "II*\0\x08\0\0\0\x03\0",
    Buffer.concat([entry(0xb000, 7, 4, 0x3030_3130), entry(0xb001, 4, 1, 2)]),
    Buffer.concat([entry(0xb002, 7, 32, 50), Buffer.alloc(4)]),
    writeUint32s("II", 0x2_0002, sizes[0], 0, 0, 0x2_0002, sizes[1], secondAt, 0),
  );
}

function writeChunk(type: string, ...content: readonly (string | Uint8Array)[]): Buffer {
  const data = Buffer.concat(content.map((each) => Buffer.from(each as string, "latin1")));
  const typed = Buffer.concat([Buffer.from(type), data]);
  return Buffer.concat([writeUint32s("MM", data.length), typed, writeUint32s("MM", crc32(typed))]);
}

/** Puts chunks after the header of a PNG. */
export function insertChunks(png: Buffer, chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** The metadata that a PNG may have, one chunk each. */
export const PNG_CHUNKS: Readonly<Record<string, Buffer>> = {
  Exif: writeChunk("eXIf", writeExif("II")),
  XMP: writeChunk("iTXt", "XML:com.adobe.xmp\0\0\0\0\0", Buffer.from(XMP)),
  "compressed XMP": writeChunk("iTXt", "XML:com.adobe.xmp\0\x01\0\0\0", deflateSync(XMP)),
  "XMP in small blocks": writeChunk(
    "iTXt",
    "XML:com.adobe.xmp\0\x01\0\0\0",
    deflateSync(XMP, { level: 0 }),
  ),
  "a profile of Exif": writeChunk("tEXt", "Raw profile type exif\0", writeProfile(writeExif("II"))),
  "a compressed profile": writeChunk(
    "zTXt",
    "Raw profile type APP1\0\0",
    deflateSync(writeProfile(Buffer.concat([Buffer.from("Exif\0\0"), writeExif("MM")]))),
  ),
  "a profile of IPTC": writeChunk("tEXt", "Raw profile type iptc\0", writeProfile(writeIptc())),
  "a named place": writeChunk("tEXt", "exif:GPSLatitude\0", "53,33.5N"),
};

function writeProfile(bytes: Buffer): string {
  const lines = bytes.toString("hex").match(/.{1,72}/g) ?? [];
  return `\nexif\n ${bytes.length}\n${lines.join("\n")}\n`;
}

function writeBox(type: string, ...content: readonly (string | Uint8Array)[]): Buffer {
  const body = Buffer.concat(content.map((each) => Buffer.from(each as string, "latin1")));
  return Buffer.concat([writeUint32s("MM", body.length + 8), Buffer.from(type, "latin1"), body]);
}

/** A video without pixels that names its place in three ways: of QuickTime, of 3GPP and of Apple. */
export function writeVideo(): Buffer {
  const place = "+53.5586+009.9847/";
  const text = Buffer.concat([writeUint16("MM", place.length), writeUint16("MM", 0x15c7)]);
  const key = "com.apple.quicktime.location.ISO6709";
  return Buffer.concat([
    writeBox("ftyp", "isom\0\0\x02\0isommp42"),
    writeBox(
      "moov",
      writeBox("mvhd", Buffer.alloc(100)),
      writeBox(
        "udta",
        writeBox("\xa9xyz", text, place),
        // version, language, name, role, longitude, latitude, altitude, body, notes
        writeBox("loci", Buffer.alloc(4), "\x15\xc7Altona\0\0", Buffer.alloc(12, 9), "earth\0\0"),
      ),
      writeBox(
        "meta",
        writeBox("hdlr", Buffer.alloc(8), "mdta", Buffer.alloc(13)),
        writeBox(
          "keys",
          Buffer.alloc(4),
          writeUint32s("MM", 1),
          writeUint32s("MM", key.length + 8),
          "mdta",
          key,
        ),
        writeBox("ilst", writeBox("\0\0\0\x01", writeBox("data", writeUint32s("MM", 1, 0), place))),
      ),
    ),
  ]);
}

/** A HEIC without pixels: Exif in the file, in two parts, and XMP in the box of data. */
export function writeHeic(): Buffer {
  const exif = Buffer.concat([Buffer.from("\0\0\0\x06Exif\0\0"), writeExif("MM")]);
  const cut = exif.length - LATITUDE.length - 5;
  const infos = ["\x01\0\0Exif\0", "\x02\0\0mime\0application/rdf+xml\0\0"].map((info) =>
    writeBox("infe", `\x02\0\0\0\0${info}`),
  );
  const meta = (exifAt: number): Buffer =>
    writeBox(
      "meta",
      Buffer.alloc(4),
      writeBox("iinf", Buffer.from([0, 0, 0, 0, 0, 2]), ...infos),
      writeBox(
        "iloc",
        Buffer.from([1, 0, 0, 0, 0x44, 0x40, 0, 2]),
        Buffer.concat([
          writeUint16("MM", 1),
          writeUint16("MM", 0),
          writeUint16("MM", 0),
          writeUint32s("MM", exifAt),
          writeUint16("MM", 2),
        ]),
        Buffer.concat([
          writeUint32s("MM", 0),
          writeUint32s("MM", cut),
          writeUint32s("MM", cut + 7),
          writeUint32s("MM", exif.length - cut),
        ]),
        Buffer.concat([
          writeUint16("MM", 2),
          writeUint16("MM", 1),
          writeUint16("MM", 0),
          writeUint32s("MM", 0),
          writeUint16("MM", 1),
        ]),
        Buffer.concat([writeUint32s("MM", 0), writeUint32s("MM", Buffer.byteLength(XMP))]),
      ),
      writeBox("idat", Buffer.from(XMP)),
    );
  const brands = writeBox("ftyp", "heic\0\0\0\0mif1heic");
  const exifAt = brands.length + meta(0).length + 8;
  const data = writeBox("mdat", exif.subarray(0, cut), Buffer.alloc(7), exif.subarray(cut));
  return Buffer.concat([brands, meta(exifAt), data]);
}
