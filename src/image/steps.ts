import type { Color as SharpColor, Sharp } from "sharp";
import sharp from "sharp";
import { toRgba } from "../transform/color.ts";
import type { Gravity, OutputFormat, TransformSpec } from "../transform/spec.ts";
import type { Plan } from "./geometry.ts";
import { placeIn } from "./geometry.ts";

/** Uncompressed pixels between two steps that sharp would otherwise do in an order of its own. */
interface Pixels {
  readonly data: Buffer;
  readonly info: {
    readonly width: number;
    readonly height: number;
    readonly channels: 1 | 2 | 3 | 4;
  };
}

/** What shows where the picture does not: behind it, beside it, in the corners. */
interface Backdrop {
  /** For corners and padding, before the picture is flattened. */
  readonly fill: SharpColor;
  /** The opaque colour that alpha is flattened on first of all. */
  readonly flatten?: SharpColor;
  /** The translucent colour that the finished picture is laid on. */
  readonly under?: SharpColor;
}

const CLEAR = { r: 0, g: 0, b: 0, alpha: 0 };

/**
 * Carries a plan out: crop, resize, flip, rotate, pad, flatten. `image` is the upright original; the
 * result is ready to be encoded.
 */
export async function applySteps(
  image: Sharp,
  plan: Plan,
  spec: TransformSpec & { readonly format: OutputFormat },
): Promise<Sharp> {
  const backdrop = chooseBackdrop(spec.background, spec.format);
  let current = resize(image, plan);
  if (backdrop.flatten) current = current.flatten({ background: backdrop.flatten });
  if (spec.flip) current = mirror(await settle(current), spec.flip);
  if (typeof spec.rotate === "number") {
    current = (await settle(current)).rotate(spec.rotate, { background: backdrop.fill });
  }
  if (plan.pad) current = await pad(current, plan.pad, { ...backdrop, gravity: spec.gravity });
  return backdrop.under ? layOn(current, backdrop.under) : current;
}

function chooseBackdrop(background: string | undefined, format: OutputFormat): Backdrop {
  const color = background ?? (format === "jpg" ? "ffffff" : undefined);
  if (!color) return { fill: CLEAR };
  const rgba = toRgba(color);
  return rgba.alpha === 1 ? { fill: rgba, flatten: rgba } : { fill: CLEAR, under: rgba };
}

function resize(image: Sharp, { crop, resize: size, cut }: Plan): Sharp {
  const cropped = crop ? image.extract(crop) : image;
  if (cut && "strategy" in cut) {
    const { width, height, strategy } = cut;
    return cropped.resize({ width, height, fit: "cover", position: strategy });
  }
  const resized = cropped.resize({ ...size, fit: "fill" });
  return cut ? resized.extract(cut) : resized;
}

function mirror(image: Sharp, flip: NonNullable<TransformSpec["flip"]>): Sharp {
  const vertical = flip.includes("v") ? image.flip() : image;
  return flip.includes("h") ? vertical.flop() : vertical;
}

async function pad(
  image: Sharp,
  box: NonNullable<Plan["pad"]>,
  { gravity, fill }: Backdrop & { readonly gravity: Gravity | undefined },
): Promise<Sharp> {
  const pixels = await toPixels(image);
  const { left, top, width, height } = placeIn(box, pixels.info, gravity);
  const right = box.width - width - left;
  const bottom = box.height - height - top;
  return fromPixels(pixels).extend({ left, top, right, bottom, background: fill });
}

async function layOn(image: Sharp, color: SharpColor): Promise<Sharp> {
  const { data, info } = await toPixels(image);
  const { width, height, channels } = info;
  const canvas = sharp({ create: { width, height, channels: 4, background: color } });
  return canvas.composite([{ input: data, raw: { width, height, channels } }]);
}

/** Ends a pass: what is asked of the result happens after what was asked of `image`. */
async function settle(image: Sharp): Promise<Sharp> {
  return fromPixels(await toPixels(image));
}

function toPixels(image: Sharp): Promise<Pixels> {
  return image.toColourspace("srgb").raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
}

function fromPixels({ data, info: { width, height, channels } }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}
