import type { Color as SharpColor, Sharp } from "sharp";
import sharp from "sharp";
import { toRgba } from "../../transform/color.ts";
import type { Gravity, TransformSpec } from "../../transform/spec.ts";
import type { ImageFormat } from "../../transform/formats.ts";
import { FORMATS } from "../../transform/formats.ts";
import { applyEffects, hasEffects } from "./effects.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import { placeIn } from "../plan/geometry.ts";
import { fromPixels, materialize, toPixels } from "../sharp/pixels.ts";
import { roundCorners } from "./radius.ts";

/** The background: behind the image, beside it, and in its corners. */
interface Backdrop {
  /** For corners and padding, before the image is flattened. */
  readonly fill: SharpColor;
  /** The opaque colour that alpha is flattened on. */
  readonly flatten?: SharpColor;
  /** The translucent colour that the finished image is laid on. */
  readonly under?: SharpColor;
}

const CLEAR = { r: 0, g: 0, b: 0, alpha: 0 };

/**
 * Carries out the rest of a plan: flip, rotate, effects, pad, radius, flatten. The result is ready to be encoded.
 *
 * @param image the scaled original
 */
export async function finishImage(
  image: Sharp,
  plan: ImagePlan,
  spec: TransformSpec & { readonly format: ImageFormat },
): Promise<Sharp> {
  const backdrop = chooseBackdrop(spec.background, spec.format);
  // without effects it does not matter when an image is flattened, and first it needs no pass of its own
  let current = hasEffects(spec)
    ? await changeLooks(image, spec, backdrop)
    : await turn(flatten(image, backdrop), spec, backdrop.fill);
  if (plan.pad) current = await pad(current, plan.pad, { ...backdrop, gravity: spec.gravity });
  if (spec.radius) current = flatten(await round(current, spec.radius), backdrop);
  return backdrop.under ? layOn(current, backdrop.under) : current;
}

function chooseBackdrop(background: string | undefined, format: ImageFormat): Backdrop {
  const color = background ?? (FORMATS[format].hasAlpha ? undefined : "ffffff");
  if (!color) return { fill: CLEAR };
  const rgba = toRgba(color);
  return rgba.alpha === 1 ? { fill: rgba, flatten: rgba } : { fill: CLEAR, under: rgba };
}

/** Effects change the image and not the background, which comes after them. */
async function changeLooks(image: Sharp, spec: TransformSpec, backdrop: Backdrop): Promise<Sharp> {
  const turned = await turn(image, spec, CLEAR);
  return flatten(await applyEffects(turned, spec), backdrop);
}

async function turn(image: Sharp, spec: TransformSpec, corners: SharpColor): Promise<Sharp> {
  const flipped = spec.flip ? mirror(await materialize(image), spec.flip) : image;
  if (typeof spec.rotate !== "number") return flipped;
  return (await materialize(flipped)).rotate(spec.rotate, { background: corners });
}

function mirror(image: Sharp, flip: NonNullable<TransformSpec["flip"]>): Sharp {
  const vertical = flip.includes("v") ? image.flip() : image;
  return flip.includes("h") ? vertical.flop() : vertical;
}

function flatten(image: Sharp, { flatten: background }: Backdrop): Sharp {
  return background ? image.flatten({ background }) : image;
}

async function pad(
  image: Sharp,
  box: NonNullable<ImagePlan["pad"]>,
  { gravity, fill }: Backdrop & { readonly gravity: Gravity | undefined },
): Promise<Sharp> {
  const pixels = await toPixels(image);
  const { left, top, width, height } = placeIn(box, pixels, gravity);
  const right = box.width - width - left;
  const bottom = box.height - height - top;
  return fromPixels(pixels).extend({ left, top, right, bottom, background: fill });
}

async function round(image: Sharp, radius: number | "max"): Promise<Sharp> {
  const pixels = await toPixels(image.ensureAlpha());
  return fromPixels(roundCorners({ ...pixels, channels: 4 }, radius));
}

async function layOn(image: Sharp, color: SharpColor): Promise<Sharp> {
  const { data, width, height, channels } = await toPixels(image);
  const canvas = sharp({ create: { width, height, channels: 4, background: color } });
  return canvas.composite([{ input: data, raw: { width, height, channels } }]);
}
