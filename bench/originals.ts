import { createHash } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { drawPhoto } from "../test/support/images.ts";

const DEFAULT_PHOTOS = fileURLToPath(new URL("../../shared/photos", import.meta.url));
/** Changes when other bytes come of the same photographs. */
const RECIPE = "1";
const MAX_PHOTOS = 16;
const DRAWN = 8;

/** The images that everybody is asked for: files of one folder, made when they are first wanted. */
export interface Originals {
  readonly folder: string;
  /** The images that they were made of, in words. */
  readonly source: string;
  /** About 2000 pixels wide, as they come. */
  two(count?: number): Promise<readonly string[]>;
  /** 64 pixels wide. */
  tiny(): Promise<readonly string[]>;
  /** 4000 by 3000, with grain. */
  twelve(count?: number): Promise<readonly string[]>;
  /** The first of them as PNG. */
  twelvePng(): Promise<string>;
  /** 7360 by 4912, with grain. */
  thirtySix(): Promise<readonly string[]>;
  /** The same images under keys that are new, so that no server has anything of them in memory. */
  afresh(keys: readonly string[]): Promise<readonly string[]>;
  bytesOf(key: string): Promise<Buffer>;
  /** Takes the names of `afresh` away; the images stay for the next run. */
  stop(): Promise<void>;
}

export async function openOriginals(photos: string | undefined): Promise<Originals> {
  const { source, version, read } = await findPhotos(photos);
  const hash = createHash("sha256").update(`${RECIPE} ${version}`);
  const folder = join(tmpdir(), `shift-media-bench-${hash.digest("hex").slice(0, 12)}`);
  await mkdir(folder, { recursive: true });
  const copyPrefix = `copy-${process.pid}-`;
  let copies = 0;
  const make = (key: string, draw: () => Promise<Buffer>): Promise<string> =>
    makeOnce(folder, key, draw);
  const two = async (count = read.length): Promise<string[]> => {
    const keys: string[] = [];
    for (const [index, one] of read.slice(0, count).entries()) {
      keys.push(await make(`2k-${index}.jpg`, one));
    }
    return keys;
  };
  // one at a time: each takes some hundred megabytes
  const series = async (prefix: string, count: number, size: Size): Promise<string[]> => {
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const [photo = ""] = (await two()).slice(index % read.length);
      const draw = async (): Promise<Buffer> => enlarge(await readFile(join(folder, photo)), size);
      keys.push(await make(`${prefix}-${index}.jpg`, draw));
    }
    return keys;
  };
  const twelve = (count = 4): Promise<string[]> =>
    series("12mp", count, { width: 4000, height: 3000 });
  return {
    folder,
    source,
    two,
    tiny: async () => {
      const large = (await two()).slice(0, 8);
      return Promise.all(large.map((key) => make(`tiny-${key}`, () => shrink(join(folder, key)))));
    },
    twelve,
    twelvePng: async () => {
      const [jpeg = ""] = await twelve(1);
      return make("12mp-0.png", async () => sharp(join(folder, jpeg)).png().toBuffer());
    },
    thirtySix: () => series("36mp", 2, { width: 7360, height: 4912 }),
    afresh: async (keys) => {
      copies += 1;
      const name = `${copyPrefix}${copies}`;
      await mkdir(join(folder, name));
      for (const key of keys) await link(join(folder, key), join(folder, name, key));
      return keys.map((key) => `${name}/${key}`);
    },
    bytesOf: (key) => readFile(join(folder, key)),
    stop: async () => {
      const names = (await readdir(folder)).filter((name) => name.startsWith(copyPrefix));
      for (const name of names) await rm(join(folder, name), { recursive: true });
    },
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Photos {
  readonly source: string;
  /** Changes when they do. */
  readonly version: string;
  readonly read: readonly (() => Promise<Buffer>)[];
}

async function findPhotos(given: string | undefined): Promise<Photos> {
  const path = given ?? DEFAULT_PHOTOS;
  const names = await readdir(path).catch((error: unknown) => {
    if (given === undefined) return [];
    throw error;
  });
  const jpegs = names.filter((name) => /\.jpe?g$/i.test(name)).toSorted();
  if (jpegs.length === 0) return drawPhotos();
  const paths = jpegs.slice(0, MAX_PHOTOS).map((name) => join(path, name));
  const stats = await Promise.all(paths.map((one) => stat(one)));
  const version = stats.map(({ size, mtimeMs }, index) => [paths[index], size, mtimeMs]);
  return {
    source: `${paths.length} photographs of ${path}`,
    version: JSON.stringify(version),
    read: paths.map((one) => (): Promise<Buffer> => readFile(one)),
  };
}

function drawPhotos(): Photos {
  return {
    source: `${DRAWN} drawn images of 2048×1365`,
    version: "drawn",
    read: Array.from({ length: DRAWN }, () => (): Promise<Buffer> => drawPhoto(2048, 1365)),
  };
}

function shrink(path: string): Promise<Buffer> {
  return sharp(path).resize(64).jpeg().toBuffer();
}

/** Enlarged, with grain, so that the entropy stays that of a camera's image: about 0.4 bytes a pixel. */
async function enlarge(photo: Buffer, { width, height }: Size): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const grain = await sharp({ create: { width, height, channels: 3, background: "#888", noise } })
    .png({ compressionLevel: 1 })
    .toBuffer();
  return sharp(photo)
    .resize(width, height)
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function makeOnce(folder: string, key: string, draw: () => Promise<Buffer>): Promise<string> {
  const path = join(folder, key);
  if (await stat(path).catch(() => undefined)) return key;
  const temp = join(folder, `${key}.${process.pid}.temp`);
  await writeFile(temp, await draw());
  await rename(temp, path); // a run that was broken off leaves nothing half-written
  return key;
}
