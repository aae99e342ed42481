import type { Sharp } from "sharp";
import sharp from "sharp";
import { noteGarbage, releaseGarbage } from "./memory-pressure.ts";
import type { Size } from "../plan/sizes.ts";

/** Raw pixels of 8 bits a channel. They separate two steps that one pipeline would do in an order of its own. */
export interface Pixels extends Size {
  /** Red, green and blue, and alpha where there are four channels; not premultiplied. */
  readonly data: Buffer;
  readonly channels: 3 | 4;
}

/** Runs a pipeline. */
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

/** Begins a pipeline with pixels. */
export function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Runs a pipeline and begins another with its pixels, whose operations so come after those of the first. */
export async function materialize(image: Sharp): Promise<Sharp> {
  return fromPixels(await toPixels(image));
}
