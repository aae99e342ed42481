import type { Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import { INPUTS } from "../input/formats.ts";
import type { TempPath } from "./temp-file.ts";
import { withTempFile } from "./temp-file.ts";

const OPEN_LOADERS: readonly string[] = Object.values(INPUTS).flatMap(
  ({ loaders }): readonly string[] => loaders,
);

const RED = { create: { width: 2, height: 2, channels: 3, background: "red" } } as const;

/** Files for loaders that libvips has, to prove that those of no input format are closed. */
const SAMPLES: readonly { readonly loader: string; readonly draw: () => Promise<Buffer> }[] = [
  { loader: "VipsForeignLoadTiffBuffer", draw: () => sharp(RED).tiff().toBuffer() },
  {
    loader: "VipsForeignLoadSvgBuffer",
    draw: async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'),
  },
];

/**
 * Prepares this process for hostile originals: only the loaders of input formats are open, and a job has one thread and
 * no cache. Proves that other loaders refuse.
 *
 * @throws Error when a loader is open that should be closed
 */
export async function prepareEngine(): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  const closed = SAMPLES.filter(({ loader }) => !OPEN_LOADERS.includes(loader));
  const samples = await Promise.all(closed.map(({ draw }) => draw()));
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: [...OPEN_LOADERS] });
  canShrink = await tryShrinking();
  await Promise.all(closed.map(({ loader }, index) => proveClosed(loader, samples[index])));
}

let canShrink = false;

/** True if JPEGs can be decoded at an eighth, a quarter or half of their size, and not scaled after that. */
export function canDecodeSmaller(): boolean {
  return canShrink;
}

/**
 * Decodes a temp file at a part of its size. sharp has no such option, but leaves to libvips what follows the path of a
 * file. No documentation promises that it does so. A limit of pixels counts those that are decoded.
 */
export function openSmaller(path: TempPath, shrink: number, options?: SharpOptions): Sharp {
  return sharp(`${path}[shrink=${shrink}]`, options);
}

async function tryShrinking(): Promise<boolean> {
  const size = { width: 16, height: 16 };
  const jpeg = await sharp({ create: { ...size, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const width = await withTempFile(jpeg, async (path) => {
    const { info } = await openSmaller(path, 8).raw().toBuffer({ resolveWithObject: true });
    return info.width;
  }).catch(() => undefined);
  return width === 2;
}

/** libvips ignores a misspelt name, and says nothing about it. */
async function proveClosed(loader: string, sample: Buffer | undefined): Promise<void> {
  const isOpen = await sharp(sample)
    .metadata()
    .then(() => true)
    .catch(() => false);
  if (isOpen) throw new Error(`${loader} should be closed, but reads files`);
}
