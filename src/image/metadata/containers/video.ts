import type { Block, OpaqueBlock } from "../block.ts";
import { createBlock, MAX_PIECES, OPAQUE, readLatin1 } from "../block.ts";
import type { Extent } from "../edit.ts";

/** The box that begins MP4 and QuickTime videos, and those at the end of moving photos. */
const VIDEO = "ftyp";
/** Boxes of a location, of QuickTime and of 3GPP: with another name, readers pass over them. */
const PLACE_BOXES = ["\xa9xyz", "loci"];
/** Longer ones are pixels that look like a box. */
const MAX_BOX_BYTES = 1024;
/** Apple's name of a location, whose value comes a little later, as in ISO 6709. */
const PLACE_KEY = "location.ISO6709";
const MAX_KEYS_BYTES = 16 * 1024;
const COORDINATES = /[+-]\d{2,6}(?:\.\d+)?[+-]\d{3,7}(?:\.\d+)?(?:[+-]\d+(?:\.\d+)?)?\//;

/** Finds the locations of a video that begins in a part of a file, after the bytes of an image. */
export function* listVideoPlaces(file: Uint8Array, part: Extent): Generator<Block | OpaqueBlock> {
  const start = find(file, VIDEO, part);
  if (start === undefined) return;
  const video = { start, end: part.end };
  for (const name of PLACE_BOXES) yield* listPlaceBoxes(file, name, video);
  const key = find(file, PLACE_KEY, video);
  if (key === undefined) return;
  const value = findCoordinates(file, { start: key, end: video.end });
  if (value) yield createBlock("place", file, [value]);
}

function* listPlaceBoxes(
  file: Uint8Array,
  name: string,
  video: Extent,
): Generator<Block | OpaqueBlock> {
  let at = find(file, name, video);
  for (let count = 0; at !== undefined; count += 1) {
    const box = readPlaceBox(file, at, video);
    if (box) yield createBlock("place", file, [box]);
    if (count === MAX_PIECES) {
      yield OPAQUE;
      return;
    }
    at = find(file, name, { start: at + name.length, end: video.end });
  }
}

function find(file: Uint8Array, text: string, { start, end }: Extent): number | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset + start, Math.max(0, end - start));
  const at = bytes.indexOf(text, 0, "latin1");
  return at === -1 ? undefined : start + at;
}

/** The name of a box, and all that it holds. */
function readPlaceBox(file: Uint8Array, at: number, { start, end }: Extent): Extent | undefined {
  if (at - 4 < start) return undefined;
  const length = new DataView(file.buffer, file.byteOffset + at - 4, 4).getUint32(0);
  const box = { start: at, end: at - 4 + length };
  return length > 8 && length <= MAX_BOX_BYTES && box.end <= end ? box : undefined;
}

function findCoordinates(file: Uint8Array, { start, end }: Extent): Extent | undefined {
  const found = COORDINATES.exec(readLatin1(file, start, Math.min(end, start + MAX_KEYS_BYTES)));
  const from = start + (found?.index ?? 0);
  return found ? { start: from, end: from + found[0].length } : undefined;
}
