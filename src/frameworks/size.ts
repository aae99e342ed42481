import { MediaError } from "../errors.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { MAX_SIDE } from "../transform/spec.ts";
import { isImageFormat, getMaxPixels } from "../transform/formats.ts";

/** The sides that a component asks for, as numbers or as the texts of numbers. */
export function toSides(given: {
  readonly width?: unknown;
  readonly height?: unknown;
}): TransformSpec {
  const [width, height] = [given.width, given.height].map((side) => Math.round(Number(side)) || 0);
  return { ...(width && { width }), ...(height && { height }) };
}

/**
 * Shrinks a box, in its own ratio, to what an image can have. Components work out sizes of their own: a
 * set of widths goes up to 6016 pixels, whatever the ratio is.
 */
export function shrinkToBounds(spec: TransformSpec): TransformSpec {
  const { width, height, format = "auto", dpr = 1 } = spec;
  const box = getBox(spec);
  if (!box || !isImageFormat(format)) return spec;
  // the side that a ratio gives is rounded, by half a row of the other one at most
  const area = getMaxPixels(format) - MAX_SIDE;
  const scale = Math.min(
    MAX_SIDE / (box.width * dpr),
    MAX_SIDE / (box.height * dpr),
    Math.sqrt(area / (box.width * box.height)) / dpr,
  );
  if (scale >= 1) return spec;
  return {
    ...spec,
    ...(width && { width: Math.max(1, Math.floor(width * scale)) }),
    ...(height && { height: Math.max(1, Math.floor(height * scale)) }),
  };
}

interface Box {
  readonly width: number;
  readonly height: number;
}

function getBox({ width, height, aspectRatio: ratio }: TransformSpec): Box | undefined {
  if (width && height) return { width, height };
  if (width) return { width, height: ratio ? (width * ratio.height) / ratio.width : 1 };
  if (height) return { width: ratio ? (height * ratio.width) / ratio.height : 1, height };
  return undefined;
}

/**
 * Takes the size that a `src` tells for its ratio: the component says how large the image is.
 *
 * @throws MediaError `invalid_transform` when there is only one side, or a ratio beside them.
 */
export function toRatio(origin: string, { width, height, ...spec }: TransformSpec): TransformSpec {
  if (!width && !height) return spec;
  if (width && height && !spec.aspectRatio) return { ...spec, aspectRatio: { width, height } };
  const problem = `the component gives the size; both sides (s=1600x900) or a ratio (ar=16:9) give the ratio`;
  throw new MediaError("invalid_transform", `${origin}: ${problem}`);
}
