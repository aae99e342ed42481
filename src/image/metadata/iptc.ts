import { readLatin1, RESOURCE_MARK, PHOTOSHOP_MARK } from "./block.ts";
import type { BlockKind } from "./block.ts";
import type { Edit, Extent } from "./edit.ts";
import { fill } from "./edit.ts";

/** Begins each data set (IPTC-IIM 4.2, chapter 3). */
const MARKER = 0x1c;
/** The record of what an image shows. */
const APPLICATION_RECORD = 2;
/** Content location: code and name; city, sub-location, state, country: code and name. */
const PLACES: ReadonlySet<number> = new Set([26, 27, 90, 92, 95, 100, 101]);

interface DataSet extends Extent {
  readonly record: number;
  readonly number: number;
}

/** Covers the data sets that are locations with spaces. */
export function findIptcLocation(iptc: Uint8Array): readonly Edit[] {
  return [...readDataSets(iptc)]
    .filter(({ record, number }) => record === APPLICATION_RECORD && PLACES.has(number))
    .map(({ start, end }) => fill(start, end));
}

export function readIptcText(iptc: Uint8Array, number: number): string | undefined {
  for (const each of readDataSets(iptc)) {
    if (each.record !== APPLICATION_RECORD || each.number !== number) continue;
    return Buffer.from(iptc.subarray(each.start, each.end)).toString("utf8");
  }
  return undefined;
}

function* readDataSets(iptc: Uint8Array): Generator<DataSet> {
  const view = new DataView(iptc.buffer, iptc.byteOffset, iptc.byteLength);
  let at = 0;
  while (at + 5 <= iptc.length && iptc[at] === MARKER) {
    const start = at + 5;
    const length = view.getUint16(at + 3);
    // longer ones say in how many bytes their length follows; none of a location is
    if (length > 0x7fff || start + length > iptc.length) return;
    yield {
      record: view.getUint8(at + 1),
      number: view.getUint8(at + 2),
      start,
      end: start + length,
    };
    at = start + length;
  }
}

/** Resources of Photoshop that are metadata, by their numbers. */
const RESOURCES: ReadonlyMap<number, BlockKind> = new Map<number, BlockKind>([
  [0x0404, "iptc"],
  [0x0422, "exif"],
  [0x0423, "exif"],
  [0x0424, "xmp"],
]);

/** Finds the metadata among the resources of Photoshop. */
export function* listResources(
  bytes: Uint8Array,
): Generator<Extent & { readonly kind: BlockKind }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isMarked = readLatin1(bytes, 0, PHOTOSHOP_MARK.length) === PHOTOSHOP_MARK;
  let at = isMarked ? PHOTOSHOP_MARK.length : 0;
  while (at + 12 <= bytes.length && readLatin1(bytes, at, at + 4) === RESOURCE_MARK) {
    const nameBytes = 1 + view.getUint8(at + 6);
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2); // names have even lengths
    if (sizeAt + 4 > bytes.length) return;
    const start = sizeAt + 4;
    const end = start + view.getUint32(sizeAt);
    const kind = RESOURCES.get(view.getUint16(at + 4));
    if (kind && start < end && end <= bytes.length) yield { kind, start, end };
    at = end + ((end - start) % 2);
  }
}
