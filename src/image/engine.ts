import sharp from "sharp";

const ALLOWED_LOADERS = [
  "VipsForeignLoadJpegBuffer",
  "VipsForeignLoadJpegFile", // of originals that are lent as files
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
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
  await Promise.all([proveClosed("TIFF", tiff), proveClosed("SVG", svg)]);
}

/** A loader whose name is misspelt is not blocked, and nothing says so. */
async function proveClosed(name: string, bytes: Buffer): Promise<void> {
  const isOpen = await sharp(bytes)
    .metadata()
    .then(() => true)
    .catch(() => false);
  if (isOpen) throw new Error(`the ${name} loader should be closed, but reads files`);
}
