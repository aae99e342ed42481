// Makes the images of urls.md, by the same code that the service runs: npm run docs:images
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { landscape, logo, spinner } from "../samples/drawings.js";
import { prepareEngine } from "../src/image/sharp/engine.ts";
import { DEFAULT_IMAGE_LIMITS } from "../src/image/input/limits.ts";
import { transformImage } from "../src/image/pipeline/pipeline.ts";
import { normalizeTransform } from "../src/transform/normalize.ts";
import { parseTransform } from "../src/transform/parse.ts";

export const FOLDER: URL = new URL("images/", import.meta.url);

const EFFECTS = [
  ["blur", "blur:400", "sharpen", "sharpen:40", "pixelate", "pixelate:20"],
  ["brightness:40", "brightness:-40", "contrast:50", "contrast:-50", "gamma:1.8", "gamma:0.5"],
  ["saturation:80", "saturation:-70", "hue:90", "hue:-90", "tint:1e90ff"],
  ["sepia", "sepia:50", "grayscale", "negate"],
].flat();
const MODES = [
  "c_lfill",
  "c_fill",
  "c_limit",
  "c_fit",
  "c_scale",
  "c_lpad,b_silver",
  "c_pad,b_silver",
];
const COMPASS = [
  ["north_west", "north", "north_east"],
  ["west", "center", "east"],
  ["south_west", "south", "south_east"],
].flat();
const FOCUSES = ["center", "west", "east", "auto", "entropy", "0.3x0.4"];
const BOX = "w_150,h_150";

/** What the page shows of each original. */
export const SPECS: Readonly<Record<string, readonly string[]>> = {
  landscape: [
    ["w_220", "h_100", "w_150,ar_1:1", "w_150,ar_1:1,c_pad,b_silver"],
    MODES.map((mode) => `${BOX},${mode}`),
    FOCUSES.map((gravity) => `w_80,h_150,g_${gravity}`),
    ["w_150,crop_100_80_300_300", "w_150,crop_0.7_0.6_0.25_0.25"],
    ["w_150,a_90", "w_150,a_20", "w_150,a_20,b_navy", "w_150,a_90,flip_h"],
    ["w_220,flip_h", "w_220,flip_v", "w_220,flip_hv"],
    [`${BOX},c_pad,b_navy`, `${BOX},c_pad,b_00008040`],
    ["w_220,r_24", "w_220,r_max", `${BOX},r_max`, "w_220,r_24,b_navy", "w_220,f_jpg,r_24"],
    EFFECTS.map((effect) => `w_220,e_${effect}`),
    ["w_220,q_90", "w_220,q_30", "w_220,q_5"],
  ].flat(),
  small: [
    ["f_webp", "ar_1:1", "ar_1:1,c_pad,b_silver"],
    MODES.map((mode) => `${BOX},${mode}`),
    COMPASS.map((gravity) => `w_120,h_120,c_lpad,b_silver,g_${gravity}`),
  ].flat(),
  sideways: ["w_150", "w_150,a_ignore"],
  framed: ["f_webp", "trim_0", "trim_40"],
  logo: ["f_webp", "b_navy,f_webp", "b_00008040,f_webp", "e_blur:150"],
  spinner: ["f_webp", "fl_animated,f_webp", "fl_animated,e_negate"],
};

/** The name of the file that shows what a spec makes of an original. */
export function imageName(original: string, spec: string): string {
  const { format = "webp" } = parseTransform(spec);
  return `${original}-${spec.replaceAll(/[,:]/g, "-")}.${format}`;
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
  if (result.kind === "too_slow") throw new Error(`${text} was declined`);
  return result.bytes;
}

async function makeAll(): Promise<void> {
  const originals = await drawOriginals(); // from SVG, which the engine does not read once it is prepared
  await prepareEngine();
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER);
  let total = 0;
  for (const [original, specs] of Object.entries(SPECS)) {
    for (const spec of specs) {
      const bytes = await makeImage(originals[original] ?? Buffer.of(), spec);
      await writeFile(new URL(imageName(original, spec), FOLDER), bytes);
      total += bytes.length;
    }
  }
  const { length } = await readdir(FOLDER);
  process.stdout.write(`${length} images, ${Math.ceil(total / 1024)} KiB\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeAll();
