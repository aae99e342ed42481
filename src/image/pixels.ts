import { setImmediate } from "node:timers/promises";
import type { Sharp } from "sharp";
import sharp from "sharp";
import type { Size } from "./sizes.ts";

/** Uncompressed pixels of 8 bits a channel, between two steps that sharp would do in an order of its own. */
export interface Pixels extends Size {
  /** Red, green and blue, and alpha where there are four; not premultiplied. */
  readonly data: Buffer;
  readonly channels: 3 | 4;
}

/** Carries out what has been asked of a pipeline. */
export async function toPixels(image: Sharp): Promise<Pixels> {
  await releaseGarbage();
  const { data, info } = await image
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  garbageBytes += data.length;
  return { data, width, height, channels: info.channels === 4 ? 4 : 3 }; // sRGB has no others
}

/** Begins a pipeline anew. */
export function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Ends a pass: what is asked of the result happens after what was asked of `image`. */
export async function settle(image: Sharp): Promise<Sharp> {
  return fromPixels(await toPixels(image));
}

const MAX_GARBAGE_BYTES = 64 * 1024 * 1024;

/** Bytes that may be garbage by now. */
let garbageBytes = 0;

/**
 * Gives back what earlier passes have left. V8 does not see that a few objects hold all the memory that a
 * process may have: three passes over 40 MP would fail for want of what nobody uses any more.
 *
 * @param bytes what else was left, such as copies that were made of the original on its way
 */
export async function releaseGarbage(bytes = 0): Promise<void> {
  garbageBytes += bytes;
  if (garbageBytes <= MAX_GARBAGE_BYTES) return;
  garbageBytes = 0;
  globalThis.gc?.(); // image processes are started with it
  await setImmediate(); // the memory of a buffer is freed by its finalizer, which comes later
}
