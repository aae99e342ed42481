import { encode } from "blurhash";
import { rgbaToThumbHash } from "thumbhash";
import type { TransformSpec } from "../../transform/spec.ts";
import type { DescriptionFormat, OutputFormat } from "../../transform/formats.ts";
import { planGeometry } from "../plan/geometry.ts";
import type { Original } from "../sharp/original.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";
import { scaleOriginal } from "../steps/scale.ts";
import type { Size } from "../plan/sizes.ts";
import { cropTo, findContent } from "../steps/trim.ts";

/** What `f_json` says of an original; widths and heights are those of what a crop leaves. */
export interface Description extends Size {
  readonly format: string;
  /** The length of the original. */
  readonly bytes: number;
  /** Whether any of it can be seen through: many an image has alpha and makes no use of it. */
  readonly hasAlpha: boolean;
  readonly animated: boolean;
  readonly frames: number;
  /** The colour that there is most of, as `rrggbb`. */
  readonly dominant: string;
  /** The mean of all colours, as `rrggbb`. */
  readonly average: string;
  /** In base64. */
  readonly thumbhash: string;
  readonly blurhash: string;
  /** A data URL of an image of at most 16 pixels a side. */
  readonly lqip: string;
}

/** As many pixels a side as thumbhash takes, which is more than enough for all else. */
const SAMPLE_SIDE = 100;
const LQIP_SIDE = 16;
const LQIP_QUALITY = 40;

export function isDescription(format: OutputFormat): format is DescriptionFormat {
  return Object.hasOwn(WRITERS, format);
}

/** Describes the first frame of an original after orientation and crop. */
export async function describe(
  original: Original,
  spec: TransformSpec,
  format: DescriptionFormat,
): Promise<{ readonly text: string; readonly size: Size }> {
  const { crop, trim } = spec;
  const inside = { width: SAMPLE_SIDE, height: SAMPLE_SIDE, mode: "limit", format: "png" } as const;
  const asked = crop ? { ...inside, crop } : inside;
  const region =
    trim === undefined ? undefined : findContent(await toPixels(original.read()), trim);
  const plan = planGeometry(original.size, region ? cropTo(asked, region) : asked);
  const sample = await toPixels((await scaleOriginal(original, plan)).ensureAlpha());
  const { width, height } = plan.crop ?? original.size;
  return {
    text: await WRITERS[format](sample, original, { width, height }),
    size: { width, height },
  };
}

const WRITERS: Readonly<
  Record<DescriptionFormat, (sample: Pixels, original: Original, size: Size) => Promise<string>>
> = {
  json: async (sample, original, size) =>
    JSON.stringify(await writeDescription(sample, original, size)),
  thumbhash: async (sample) => writeThumbhash(sample),
  blurhash: writeBlurhash,
};

async function writeDescription(
  sample: Pixels,
  { input, metadata, length }: Original,
  size: Size,
): Promise<Description> {
  const frames = input.isAnimated ? (metadata.pages ?? 1) : 1;
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

/** Four components for the longer side; for alpha there are none, and white is what it is seen on most. */
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

/** Of colours that fall together, how many there are, and what they add up to. */
interface Heap {
  weight: number;
  r: number;
  g: number;
  b: number;
}

/** Colours count by their alpha, and together when their upper four bits are the same. */
function summarizeColors({ data }: Pixels): Pick<Description, "dominant" | "average"> {
  const heaps = new Map<number, Heap>();
  const all: Heap = { weight: 0, r: 0, g: 0, b: 0 };
  for (let at = 0; at < data.length; at += 4) {
    const [r = 0, g = 0, b = 0, weight = 0] = data.subarray(at, at + 4);
    const name = ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
    const heap = heaps.get(name) ?? { weight: 0, r: 0, g: 0, b: 0 };
    heaps.set(name, heap);
    for (const sum of [heap, all]) {
      sum.weight += weight;
      sum.r += r * weight;
      sum.g += g * weight;
      sum.b += b * weight;
    }
  }
  const largest = [...heaps.values()].reduce((a, b) => (b.weight > a.weight ? b : a));
  return { dominant: printMean(largest), average: printMean(all) };
}

function printMean({ weight, r, g, b }: Heap): string {
  const mean = [r, g, b].map((sum) => Math.round(sum / Math.max(1, weight)));
  return mean.map((level) => level.toString(16).padStart(2, "0")).join("");
}
