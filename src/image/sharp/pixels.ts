import type { Sharp } from "sharp";
import sharp from "sharp";
import { noteGarbage, releaseGarbage } from "./memory-pressure.ts";
import type { Size } from "../plan/sizes.ts";

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
  noteGarbage(data.length);
  return { data, width, height, channels: info.channels === 4 ? 4 : 3 }; // sRGB has no others
}

/** Begins a pipeline anew. */
export function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Ends a pass: what is asked of the result happens after what was asked of `image`. */
export async function materialize(image: Sharp): Promise<Sharp> {
  return fromPixels(await toPixels(image));
}
