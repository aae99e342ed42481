// Makes the images that urls.md shows, by the same code that the service runs: npm run docs:images
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { landscape, logo, spinner } from "../samples/drawings.js";
import { prepareEngine } from "../src/image/sharp/engine.ts";
import { DEFAULT_IMAGE_LIMITS } from "../src/image/input/limits.ts";
import { transformImage } from "../src/image/pipeline/pipeline.ts";
import { normalizeTransform } from "../src/transform/normalize.ts";
import { parseTransform } from "../src/transform/parse.ts";

export const FOLDER: URL = new URL("images/", import.meta.url);

/** One image of docs/urls.md. */
export interface ShownImage {
  /** Name of the original. */
  readonly original: string;
  readonly spec: string;
  readonly file: string;
}

/** Lists the images that the page shows: `![w_220](images/landscape-w_220.webp)`. */
export function listImages(page: string): readonly ShownImage[] {
  const found = page.matchAll(/!\[([^\]]+)\]\(images\/((\w+)-[^)]+)\)/g);
  const images = [...found].map(([, spec = "", file = "", original = ""]) => ({
    original,
    spec,
    file,
  }));
  return [...new Map(images.map((image) => [image.file, image])).values()];
}

/** PNG where nothing else is needed, so that no artefact is the original's. */
export async function drawOriginals(): Promise<Readonly<Record<string, Buffer>>> {
  const sideways = landscape(900).rotate(270).jpeg({ quality: 95 });
  return {
    landscape: await landscape(900).png().toBuffer(),
    small: await landscape(90).png().toBuffer(),
    sideways: await sideways.withMetadata({ orientation: 6 }).toBuffer(),
    framed: await frame(await landscape(144).png().toBuffer()),
    logo: await logo(140).png().toBuffer(),
    spinner: await (await spinner(120)).toBuffer(),
  };
}

/** A border of one colour, and within it one that is nearly the same. */
async function frame(image: Buffer): Promise<Buffer> {
  return border(await border(image, 10, "#dcd6c4"), 20, "#f4f0e6");
}

function border(image: Buffer, width: number, background: string): Promise<Buffer> {
  const sides = { top: width, bottom: width, left: width, right: width };
  return sharp(image)
    .extend({ ...sides, background })
    .png()
    .toBuffer();
}

/** The bytes that the service would answer with. */
export async function makeImage(bytes: Uint8Array, text: string): Promise<Uint8Array> {
  const { format = "webp", ...spec } = parseTransform(text);
  if (format === "auto") throw new Error(`"${text}" leaves the format open`);
  const job = { bytes, format, spec: normalizeTransform(spec, format) };
  const result = await transformImage(job, { limits: DEFAULT_IMAGE_LIMITS });
  if (result.kind !== "made") throw new Error(`${text} was declined`);
  return result.bytes;
}

async function makeAll(): Promise<void> {
  const originals = await drawOriginals(); // from SVG, which the engine does not read once it is prepared
  await prepareEngine();
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER);
  let total = 0;
  const page = await readFile(new URL("urls.md", import.meta.url), "utf8");
  for (const { original, spec, file } of listImages(page)) {
    const bytes = await makeImage(originals[original] ?? Buffer.of(), spec);
    await writeFile(new URL(file, FOLDER), bytes);
    total += bytes.length;
  }
  const { length } = await readdir(FOLDER);
  process.stdout.write(`${length} images, ${Math.ceil(total / 1024)} KiB\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeAll();
