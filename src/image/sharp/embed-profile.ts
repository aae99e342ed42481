import { deflateSync } from "node:zlib";
import type { AvifProperties } from "../input/avif/properties.ts";
import { readAvifProperties, readUnsigned } from "../input/avif/properties.ts";
import type { Box } from "../input/avif/boxes.ts";
import { walkBoxes } from "../input/avif/boxes.ts";
import type { InputFormat } from "../input/formats.ts";
import { dropPngChunks } from "../input/png.ts";
import { insertPngChunk, toPngChunk } from "./png-chunk.ts";

// sharp reads profiles from files only.

/** Puts a profile into an image, in place of all that it says of its colours. */
export function embedProfile(image: Uint8Array, format: InputFormat, icc: Uint8Array): Uint8Array {
  if (format === "png") return embedInPng(image, icc);
  return format === "avif" ? embedInAvif(image, icc) : image;
}

/** cICP, iCCP, sRGB, gAMA and cHRM */
const PNG_COLORS: ReadonlySet<number> = new Set([
  0x63494350, 0x69434350, 0x73524742, 0x67414d41, 0x6348524d,
]);

export function embedInPng(png: Uint8Array, icc: Uint8Array): Uint8Array {
  // any name, a zero, and the only method of compression (PNG, 11.3.2.3)
  const content = Buffer.concat([Buffer.from("icc\0\0"), deflateSync(icc, { level: 1 })]);
  return insertPngChunk(dropPngChunks(png, PNG_COLORS), toPngChunk("iCCP", content));
}

/**
 * Adds a profile to the properties of an AVIF. The box that holds them, with all that finds the data by its position in
 * the file, moves to the end, and leaves its old place free: so nothing else moves.
 */
function embedInAvif(avif: Uint8Array, icc: Uint8Array): Uint8Array {
  const properties = readAvifProperties(avif);
  const last = [...walkBoxes(avif)].at(-1);
  if (!properties || !hasRoom(avif, properties) || last?.end !== avif.length) return avif;
  const file = Buffer.from(avif);
  file.write("free", properties.meta.start + 4);
  const isEndless = file.readUInt32BE(last.start) === 0;
  if (isEndless) file.writeUInt32BE(last.end - last.start, last.start);
  return Buffer.concat([file, addProperty(Buffer.from(avif), properties, icc)]);
}

/** True if one more property can be found and counted. */
function hasRoom(avif: Uint8Array, { all, ipco, association }: AvifProperties): boolean {
  const most = association.width === 1 ? 0x7f : 0x7f_ff;
  const last = all.at(-1);
  const isEnded = last?.end === ipco.end && readUnsigned(avif, last.start, 4) > 0;
  return isEnded && all.length < most && avif[association.count] !== 0xff;
}

/** Gives the box that holds the properties, with a profile among them. */
function addProperty(avif: Buffer, properties: AvifProperties, icc: Uint8Array): Buffer {
  const { meta, iprp, ipco, ipma, association } = properties;
  const colr = Buffer.concat([Buffer.alloc(12), icc]);
  colr.writeUInt32BE(colr.length);
  colr.write("colrprof", 4);
  const reference = Buffer.alloc(association.width);
  reference.writeUIntBE(properties.all.length + 1, 0, association.width);
  lengthen(avif, ipco, colr.length);
  lengthen(avif, ipma, reference.length);
  for (const box of [iprp, meta]) lengthen(avif, box, colr.length + reference.length);
  avif.writeUInt8(avif.readUInt8(association.count) + 1, association.count);
  const insertions = [
    { at: ipco.end, bytes: colr },
    { at: association.end, bytes: reference },
  ].toSorted((one, other) => one.at - other.at);
  const parts: Buffer[] = [];
  let from = meta.start;
  for (const { at, bytes } of insertions) {
    parts.push(avif.subarray(from, at), bytes);
    from = at;
  }
  return Buffer.concat([...parts, avif.subarray(from, meta.end)]);
}

function lengthen(file: Buffer, { start, content }: Box, by: number): void {
  const length = file.readUInt32BE(start);
  if (length > 1) file.writeUInt32BE(length + by, start);
  else if (length === 1)
    file.writeBigUInt64BE(file.readBigUInt64BE(content - 8) + BigInt(by), content - 8);
}
