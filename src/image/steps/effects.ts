import type { Matrix3x3, Sharp } from "sharp";
import { FIELDS } from "../../transform/options.ts";
import type { Effects } from "../../transform/spec.ts";
import { addContrast, correctGamma, grayOut, negate } from "./colors.ts";
import { pixelate } from "./pixelate.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";
import { sharpen } from "./sharpen.ts";

/** Takes over the pixels: the result may be in the same memory. */
type Run = (pixels: Pixels, effects: Effects) => Pixels | Promise<Pixels>;

/**
 * The step of each effect. One pipeline would do them in an order of its own, so each effect of sharp is a pass. Effects
 * that look at one pixel at a time are done here, in place.
 */
const EFFECTS: Readonly<Record<keyof Effects, Run>> = {
  // 40 MP with the largest sigma take 2 seconds: an approximation would gain nothing
  blur: (pixels, { blur = 0 }) => toPixels(fromPixels(pixels).blur(blur / 50)),
  sharpen: (pixels, { sharpen: strength = 0 }) => sharpen(pixels, strength / 10),
  pixelate: (pixels, { pixelate: side = 1 }) => pixelate(pixels, side),
  brightness: modulate,
  contrast: (pixels, { contrast = 0 }) => addContrast(pixels, toFactor(contrast)),
  saturation: modulate,
  hue: modulate,
  gamma: (pixels, { gamma = 1 }) => correctGamma(pixels, gamma),
  sepia: (pixels, { sepia = 0 }) => toPixels(fromPixels(pixels).recomb(mixSepia(sepia / 100))),
  tint: (pixels, { tint = "" }) => toPixels(fromPixels(pixels).tint(`#${tint}`)),
  grayscale: grayOut,
  negate,
};

/** True if a spec changes more than the geometry of an image. */
export function hasEffects(effects: Effects): boolean {
  return listEffects(effects).length > 0;
}

/** Blurring and pixelating change alpha too, by which colours then count. Other effects leave alpha as it is. */
export async function applyEffects(image: Sharp, effects: Effects): Promise<Sharp> {
  let pixels = await toPixels(image);
  for (const [first, ...others] of groupEffects(effects)) {
    const fields = [first, ...others].map((field) => [field, effects[field]]);
    pixels = await EFFECTS[first](pixels, Object.fromEntries(fields) as Effects); // some of its fields
  }
  return fromPixels(pixels);
}

type Group = [first: keyof Effects, ...others: (keyof Effects)[]];

/** Brightness, saturation and hue are one pass of sharp where they follow each other, in that order. */
function groupEffects(effects: Effects): readonly Group[] {
  const groups: Group[] = [];
  for (const effect of listEffects(effects)) {
    const last = groups.at(-1);
    if (last && EFFECTS[effect] === modulate && EFFECTS[last[0]] === modulate) last.push(effect);
    else groups.push([effect]);
  }
  return groups;
}

/** In canonical order, which is that of their rows in `OPTIONS`. */
const NAMES: readonly (keyof Effects)[] = FIELDS.filter((field): field is keyof Effects =>
  Object.hasOwn(EFFECTS, field),
);

function listEffects(effects: Effects): readonly (keyof Effects)[] {
  return NAMES.filter((name) => effects[name] !== undefined);
}

function modulate(
  pixels: Pixels,
  { brightness = 0, saturation = 0, hue = 0 }: Effects,
): Promise<Pixels> {
  const factors = { brightness: toFactor(brightness), saturation: toFactor(saturation) };
  return toPixels(fromPixels(pixels).modulate({ ...factors, hue }));
}

type Row = readonly [r: number, g: number, b: number];

/** Red, green and blue of sepia, by those of the image (W3C Filter Effects, 9.3). */
const SEPIA = [
  [0.393, 0.769, 0.189],
  [0.349, 0.686, 0.168],
  [0.272, 0.534, 0.131],
] as const;

/** @param amount 0 leaves the image as it is, 1 leaves nothing of its own colours */
function mixSepia(amount: number): Matrix3x3 {
  const mix = ([r, g, b]: Row, place: number): [number, number, number] => {
    const own = (column: number): number => (column === place ? 1 - amount : 0);
    return [r * amount + own(0), g * amount + own(1), b * amount + own(2)];
  };
  return [mix(SEPIA[0], 0), mix(SEPIA[1], 1), mix(SEPIA[2], 2)];
}

function toFactor(percent: number): number {
  return 1 + percent / 100;
}
