/** A box of an ISO base media file (ISO/IEC 14496-12, 4.2). */
export interface Box {
  readonly type: string;
  readonly start: number;
  /** Position of its content. */
  readonly content: number;
  readonly end: number;
}

const BOX_HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** Images of many tiles have some hundreds. */
const MAX_BOXES = 1000;

/** Walks the first thousand boxes between two positions. It ends at one that is longer than what holds it. */
export function* walkBoxes(bytes: Uint8Array, from = 0, to: number = bytes.length): Generator<Box> {
  let start = from;
  for (let count = 0; count < MAX_BOXES && start + BOX_HEADER_BYTES <= to; count += 1) {
    const box = readBox(bytes, start, to);
    if (!box) return;
    yield box;
    start = box.end;
  }
}

/** A length of 0 stands for all that there is, and one of 1 for a longer number after the type. */
function readBox(bytes: Uint8Array, start: number, to: number): Box | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(start);
  const content = start + (length === 1 ? LARGE_HEADER_BYTES : BOX_HEADER_BYTES);
  if (content > to) return undefined;
  const end = length === 1 ? start + Number(view.getBigUint64(start + 8)) : start + length;
  const box = { type: readType(bytes, start + 4), start, content, end: length === 0 ? to : end };
  return box.end < content || box.end > to ? undefined : box;
}

export function findBox(boxes: Iterable<Box>, type: string): Box | undefined {
  for (const box of boxes) if (box.type === type) return box;
  return undefined;
}

/** A code of four characters. */
export function readType(bytes: Uint8Array, at: number): string {
  return String.fromCodePoint(...bytes.subarray(at, at + 4));
}
