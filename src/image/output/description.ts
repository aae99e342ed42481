import { encode } from "blurhash";
import { rgbaToThumbHash } from "thumbhash";
import type { DescriptionFormat } from "../../transform/formats.ts";
import type { Size } from "../plan/sizes.ts";
import type { Original } from "../sharp/original.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";

/** The answer to `f_json`. Width and height are those of the original after a crop. */
export interface Description extends Size {
  readonly format: string;
  /** Length of the original. */
  readonly bytes: number;
  /** True if any pixel is translucent. Many images have a channel for alpha and make no use of it. */
  readonly hasAlpha: boolean;
  readonly animated: boolean;
  readonly frames: number;
  /** The most frequent colour, as `rrggbb`. */
  readonly dominant: string;
  /** The mean of all colours, as `rrggbb`. */
  readonly average: string;
  /** In base64. */
  readonly thumbhash: string;
  readonly blurhash: string;
  /** A data URL of an image of at most 16 pixels a side. */
  readonly lqip: string;
}

/** Pixels of the longer side of a sample: as many as thumbhash takes, and more than enough for all else. */
export const SAMPLE_SIDE = 100;
/** Pixels of the longer side, and quality, of the WebP in `lqip`. */
const LQIP_SIDE = 16;
const LQIP_QUALITY = 40;

/**
 * Writes a description of an original from a sample of it, which has alpha.
 *
 * @param size that of the original after a crop
 */
type Write = (sample: Pixels, original: Original, size: Size) => string | Promise<string>;

/** The formats that describe an original, one row each. */
export const DESCRIPTIONS: Readonly<Record<DescriptionFormat, Write>> = {
  json: async (...about) => JSON.stringify(await describeImage(...about)),
  thumbhash: writeThumbhash,
  blurhash: writeBlurhash,
};

async function describeImage(
  sample: Pixels,
  { input, metadata, length }: Original,
  size: Size,
): Promise<Description> {
  const frames = input.mayMove ? (metadata.pages ?? 1) : 1;
  return {
    ...size,
    format: input.extensions[0],
    bytes: length,
    hasAlpha: metadata.hasAlpha && isTranslucent(sample),
    animated: frames > 1,
    frames,
    ...summarizeColors(sample),
    thumbhash: writeThumbhash(sample),
    blurhash: await writeBlurhash(sample),
    lqip: await writeLqip(sample),
  };
}

function isTranslucent({ data }: Pixels): boolean {
  return data.some((level, index) => index % 4 === 3 && level < 255);
}

function writeThumbhash({ data, width, height }: Pixels): string {
  return Buffer.from(rgbaToThumbHash(width, height, data)).toString("base64");
}

/** Has four components for the longer side. Alpha has none: most pages are white behind it. */
async function writeBlurhash(sample: Pixels): Promise<string> {
  const opaque = fromPixels(sample).flatten({ background: "white" }).ensureAlpha();
  const { data, width, height } = await toPixels(opaque);
  const longer = Math.max(width, height);
  const count = (side: number): number => Math.max(1, Math.round((4 * side) / longer));
  return encode(new Uint8ClampedArray(data), width, height, count(width), count(height));
}

async function writeLqip(sample: Pixels): Promise<string> {
  const bytes = await fromPixels(sample)
    .resize({ width: LQIP_SIDE, height: LQIP_SIDE, fit: "inside", withoutEnlargement: true })
    .webp({ quality: LQIP_QUALITY, alphaQuality: LQIP_QUALITY })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString("base64")}`;
}

/** The pixels of colours that count as one: their number, weighted by alpha, and the sums of their levels. */
interface ColorGroup {
  weight: number;
  r: number;
  g: number;
  b: number;
}

/** Colours count as one when their upper four bits are the same, and by their alpha. */
function summarizeColors({ data }: Pixels): Pick<Description, "dominant" | "average"> {
  const groups = new Map<number, ColorGroup>();
  const all: ColorGroup = { weight: 0, r: 0, g: 0, b: 0 };
  for (let at = 0; at < data.length; at += 4) {
    const [r = 0, g = 0, b = 0, weight = 0] = data.subarray(at, at + 4);
    const name = ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
    const group = groups.get(name) ?? { weight: 0, r: 0, g: 0, b: 0 };
    groups.set(name, group);
    for (const sum of [group, all]) {
      sum.weight += weight;
      sum.r += r * weight;
      sum.g += g * weight;
      sum.b += b * weight;
    }
  }
  const largest = [...groups.values()].reduce((a, b) => (b.weight > a.weight ? b : a));
  return { dominant: printMean(largest), average: printMean(all) };
}

function printMean({ weight, r, g, b }: ColorGroup): string {
  const mean = [r, g, b].map((sum) => Math.round(sum / Math.max(1, weight)));
  return mean.map((level) => level.toString(16).padStart(2, "0")).join("");
}
