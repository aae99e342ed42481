import type { Extent } from "../edit.ts";

/** The box that begins MP4 and QuickTime videos, and those at the end of moving photos. */
const VIDEO = "ftyp";
/** How videos name their location: a box of QuickTime, one of 3GPP, a key of Apple's. */
const LOCATIONS = ["\xa9xyz", "loci", "location.ISO6709"].map((name) =>
  Buffer.from(name, "latin1"),
);

/** True if a part of a file begins a video after some bytes of an image, and the video names its location. */
export function hasVideoLocation(file: Uint8Array, part: Extent): boolean {
  const video = view(file, part).indexOf(VIDEO);
  return video !== -1 && namesVideoLocation(file, { ...part, start: part.start + video });
}

/** True if the boxes of a video name a location. Videos keep theirs. */
export function namesVideoLocation(file: Uint8Array, part: Extent): boolean {
  return LOCATIONS.some((name) => view(file, part).includes(name));
}

function view(file: Uint8Array, { start, end }: Extent): Buffer {
  return Buffer.from(file.buffer, file.byteOffset + start, Math.max(0, end - start));
}
