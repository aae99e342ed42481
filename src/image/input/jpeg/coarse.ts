import type { Component, JpegFrame } from "./scans.ts";
import { COEFFICIENTS, hasAllScans, readProgressive } from "./scans.ts";
import { DHT, DRI, EOI, MARKER, SOS } from "./segments.ts";

/**
 * Drops the scans of a progressive JPEG that make no difference to a decode at an eighth of its size: libjpeg then uses
 * the mean of each block, and a little more of chroma at half the resolution. These scans take most of the time of
 * decoding. Anything but a complete progressive image is returned as it is.
 *
 * The time depends on the number of scans, which `admitJpeg` limits. Follows ITU-T T.81, annexes B and G, and libjpeg:
 * its choice of a scale for each component (jdmaster.c), and its guesses (jdcoefct.c).
 */
export function dropFineScans(jpeg: Uint8Array): Uint8Array {
  const image = readProgressive(jpeg);
  if (!image || !hasAllScans(image)) return jpeg;
  const { frame, scans, end } = image;
  const coarse = frame.components.filter((component) => isCoarse(component, frame));
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { of, first, ...scan } of scans) {
    if (first === 0 || !coarse.some(({ id }) => of.includes(id))) continue;
    parts.push(jpeg.subarray(from, scan.start));
    from = scan.end;
  }
  parts.push(jpeg.subarray(from, end), toSegment(DRI, [0, 0]));
  // without empty scans libjpeg would guess the missing coefficients
  for (const component of coarse) parts.push(writeEmptyScan(component, frame));
  parts.push(Uint8Array.of(MARKER, EOI));
  return Buffer.concat(parts);
}

/** False if libjpeg decodes the component at a quarter instead of an eighth, to have it as large as the others. */
function isCoarse({ across, down }: Component, frame: JpegFrame): boolean {
  return frame.across % (2 * across) !== 0 || frame.down % (2 * down) !== 0;
}

/** A run of 2^14 empty blocks. It is all that its table codes: in one bit, and 14 for the number of further blocks. */
const RUN = 0xe0;
const RUN_BLOCKS = 2 ** 14;
const RUN_BITS = 15;

/**
 * Writes a scan that sets all coefficients of a component but the mean to zero. The last run goes on after the end of the
 * image, which libjpeg accepts.
 */
function writeEmptyScan({ id, across, down }: Component, frame: JpegFrame): Uint8Array {
  const columns = Math.ceil((frame.width * across) / (frame.across * 8));
  const rows = Math.ceil((frame.height * down) / (frame.down * 8));
  const runs = Math.ceil((columns * rows) / RUN_BLOCKS);
  const lengths = [1, ...Array.from({ length: 15 }, () => 0)];
  return Buffer.concat([
    toSegment(DHT, [0x10, ...lengths, RUN]), // the first table for coefficients
    toSegment(SOS, [1, id, 0, 1, COEFFICIENTS - 1, 0]),
    new Uint8Array(Math.ceil((runs * RUN_BITS) / 8)),
  ]);
}

function toSegment(code: number, content: readonly number[]): Uint8Array {
  return Uint8Array.of(MARKER, code, 0, content.length + 2, ...content);
}
