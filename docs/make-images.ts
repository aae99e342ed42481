// Makes the images that urls.md and the README show, by the same code that the service runs: npm run docs:images
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
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

/** The screenshot, which npm run docs:screenshot takes. */
export const SCREENSHOT = "page.webp";
/** Ten transforms in one image, for the README. */
export const STRIP = "transforms.webp";

/** Tiles of the strip, row by row. */
const TILES: readonly (readonly [original: string, spec: string])[] = [
  ["landscape", "w_320"],
  ["landscape", "w_320,ar_1:1"],
  ["landscape", "ar_1:1,g_0.26x0.4"],
  ["landscape", "crop_0.7_0.6_0.3_0.35"],
  ["landscape", "ar_1:1,r_max"],
  ["landscape", "a_12"],
  ["landscape", "e_blur:400"],
  ["landscape", "e_pixelate:24"],
  ["landscape", "e_tint:1e90ff"],
  ["logo", "b_ffd700"],
];
const COLUMNS = 5;
/** Of a tile, in pixels, and of the line below it. */
const TILE = { width: 300, height: 200, caption: 44 };

/** Draws the captions before the engine is prepared, which reads no SVG afterwards. */
function drawCaptions(): Promise<readonly Buffer[]> {
  const { width, caption } = TILE;
  return Promise.all(
    TILES.map(([, spec]) => {
      const text = `<text x="${width / 2}" y="26" text-anchor="middle" font-size="17" fill="#7a7268" font-family="monospace">${spec}</text>`;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${caption}">${text}</svg>`;
      return sharp(Buffer.from(svg)).png().toBuffer();
    }),
  );
}

/** Puts the tiles beside each other, on nothing: the page behind may be light or dark. */
async function makeStrip(
  originals: Readonly<Record<string, Buffer>>,
  captions: readonly Buffer[],
): Promise<Uint8Array> {
  const { width, height, caption } = TILE;
  const gap = 16;
  const layers = await Promise.all(
    TILES.map(async ([original, spec], index) => {
      const left = (index % COLUMNS) * (width + gap);
      const top = Math.floor(index / COLUMNS) * (height + caption);
      const made = await makeImage(originals[original] ?? Buffer.of(), `${spec},f_png`);
      const box = { width, height, fit: "contain" as const, background: "#0000" };
      const input = await sharp(made).resize(box).png().toBuffer();
      return [
        { input, left, top },
        { input: captions[index] ?? Buffer.of(), left, top: top + height },
      ];
    }),
  );
  const size = {
    width: COLUMNS * (width + gap) - gap,
    height: (TILES.length / COLUMNS) * (height + caption),
  };
  const empty = sharp({ create: { ...size, channels: 4, background: "#0000" } });
  return empty.composite(layers.flat()).webp({ quality: 80, effort: 6 }).toBuffer();
}

async function makeAll(): Promise<void> {
  const originals = await drawOriginals(); // from SVG, which the engine does not read once it is prepared
  const captions = await drawCaptions();
  await prepareEngine();
  const old = (await readdir(FOLDER)).filter((name) => name !== SCREENSHOT);
  await Promise.all(old.map((name) => rm(new URL(name, FOLDER))));
  await writeFile(new URL(STRIP, FOLDER), await makeStrip(originals, captions));
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
