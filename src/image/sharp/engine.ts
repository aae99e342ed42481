import type { Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import type { LentPath } from "./temp-file.ts";
import { lendAsFile } from "./temp-file.ts";

const ALLOWED_LOADERS = [
  "VipsForeignLoadJpegBuffer",
  "VipsForeignLoadJpegFile", // of originals that are lent: no other path is ever given to sharp
  "VipsForeignLoadPngBuffer",
  "VipsForeignLoadWebpBuffer",
  "VipsForeignLoadNsgifBuffer",
  "VipsForeignLoadHeifBuffer",
];

/** Which libraries a variant was made by. */
export const ENGINE: string = `sharp/${sharp.versions.sharp} libvips/${sharp.versions.vips}`;

/**
 * Prepares this process for hostile originals: only the loaders that are needed, and
 * one thread and no cache for each job. Proves that the others refuse.
 *
 * @throws Error when a loader that should be closed is open.
 */
export async function prepareEngine(): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const red = { create: { width: 2, height: 2, channels: 3, background: "red" } } as const;
  const tiff = await sharp(red).tiff().toBuffer();
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: ALLOWED_LOADERS });
  canShrink = await tryShrinking();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
  await Promise.all([proveClosed("TIFF", tiff), proveClosed("SVG", svg)]);
}

let canShrink = false;

/** Whether JPEGs can be had as libjpeg decodes them at an eighth, a quarter or half, and no scaling after that. */
export function canDecodeSmaller(): boolean {
  return canShrink;
}

/**
 * Decodes an image that is lent as a file, at a part of its size. sharp has no such option; what follows the path of a
 * file it leaves to libvips. That it does, and goes on to, is nowhere promised. A limit of pixels is one of those that
 * are decoded.
 */
export function openSmaller(path: LentPath, shrink: number, options?: SharpOptions): Sharp {
  return sharp(`${path}[shrink=${shrink}]`, options);
}

async function tryShrinking(): Promise<boolean> {
  const size = { width: 16, height: 16 };
  const jpeg = await sharp({ create: { ...size, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const width = await lendAsFile(jpeg, async (path) => {
    const { info } = await openSmaller(path, 8).raw().toBuffer({ resolveWithObject: true });
    return info.width;
  }).catch(() => undefined);
  return width === 2;
}

/** A loader whose name is misspelt is not blocked, and nothing says so. */
async function proveClosed(name: string, bytes: Buffer): Promise<void> {
  const isOpen = await sharp(bytes)
    .metadata()
    .then(() => true)
    .catch(() => false);
  if (isOpen) throw new Error(`the ${name} loader should be closed, but reads files`);
}
