import type { Box } from "./boxes.ts";
import { findBox, walkBoxes } from "./boxes.ts";

/** The boxes of an AVIF that say how its image is shown. */
export interface AvifProperties {
  /** The number of the image. */
  readonly item: number;
  readonly meta: Box;
  readonly iprp: Box;
  readonly ipco: Box;
  readonly ipma: Box;
  /** All properties of all images. Associations count them from 1. */
  readonly all: readonly Box[];
  /** Those of the image. */
  readonly own: readonly Box[];
  readonly association: Association;
}

/** The place in `ipma` that says which properties an image has. */
interface Association {
  /** Position of the byte that counts them. */
  readonly count: number;
  /** Position of the last one's end. */
  readonly end: number;
  /** The bytes of each. */
  readonly width: 1 | 2;
}

/** Bytes of the version and the flags of a box. */
export const VERSION_BYTES = 4;

/** Finds the properties of the primary image (ISO/IEC 23008-12, 9.3); `undefined` where there are none. */
export function readAvifProperties(bytes: Uint8Array): AvifProperties | undefined {
  const meta = findBox(walkBoxes(bytes), "meta");
  const parts = meta ? [...walkBoxes(bytes, meta.content + VERSION_BYTES, meta.end)] : [];
  const [iprp, pitm] = [findBox(parts, "iprp"), findBox(parts, "pitm")];
  if (!meta || !iprp || !pitm) return undefined;
  const tables = [...walkBoxes(bytes, iprp.content, iprp.end)];
  const ipco = findBox(tables, "ipco");
  const item = readUnsigned(bytes, pitm.content + VERSION_BYTES, bytes[pitm.content] ? 4 : 2);
  const found = tables
    .filter(({ type }) => type === "ipma")
    .map((ipma) => ({ ipma, association: findAssociation(bytes, ipma, item) }))
    .find(({ association }) => association);
  if (!ipco || !found?.association) return undefined;
  const { ipma, association } = found;
  const all = [...walkBoxes(bytes, ipco.content, ipco.end)];
  const own = listIndexes(bytes, association).map((index) => all[index - 1]);
  return {
    item,
    meta,
    iprp,
    ipco,
    ipma,
    all,
    own: own.filter((box) => box !== undefined),
    association,
  };
}

function findAssociation(
  bytes: Uint8Array,
  { content, end }: Box,
  item: number,
): Association | undefined {
  const idBytes = bytes[content] ? 4 : 2;
  const width = (bytes[content + 3] ?? 0) & 1 ? 2 : 1;
  let at = content + VERSION_BYTES + 4; // after the number of items
  while (at + idBytes < end) {
    const id = readUnsigned(bytes, at, idBytes);
    const count = at + idBytes;
    at = count + 1 + (bytes[count] ?? 0) * width;
    if (id === item && at <= end) return { count, end: at, width };
  }
  return undefined;
}

/** The first bit of an association says whether it is essential. */
function listIndexes(bytes: Uint8Array, { count, end, width }: Association): readonly number[] {
  const indexes: number[] = [];
  for (let at = count + 1; at < end; at += width) {
    indexes.push(readUnsigned(bytes, at, width) & (width === 1 ? 0x7f : 0x7f_ff));
  }
  return indexes;
}

export function readUnsigned(bytes: Uint8Array, at: number, width: 1 | 2 | 4): number {
  let value = 0;
  for (const byte of bytes.subarray(at, at + width)) value = value * 256 + byte;
  return value;
}
