import type { Sharp } from "sharp";
import { materialize } from "../sharp/pixels.ts";
import type { ImagePlan } from "../plan/geometry.ts";
import type { Region, Size } from "../plan/sizes.ts";

/** Mirroring, and then clockwise degrees, for each Exif orientation (CIPA DC-008, 4.6.5). */
const ORIENTATIONS: Readonly<Record<number, readonly [isMirrored: boolean, degrees: number]>> = {
  2: [true, 0],
  3: [false, 180],
  4: [true, 180],
  5: [true, 270],
  6: [false, 90],
  7: [true, 90],
  8: [false, 270],
};

const UPRIGHT = [false, 0] as const;

/** Turns an image upright. Nothing else may have been asked of its pipeline. */
export async function orient(image: Sharp, orientation: number): Promise<Sharp> {
  const [isMirrored, degrees] = ORIENTATIONS[orientation] ?? UPRIGHT;
  if (!isMirrored && degrees === 0) return image;
  return materialize((isMirrored ? image.flop() : image).rotate(degrees)); // in this order
}

/** A plan without a cut that sharp searches. */
export interface FixedPlan extends ImagePlan {
  readonly cut?: Region | undefined;
}

/** Gives the size of an upright image as it is stored, and the other way round. */
function turnSize({ width, height }: Size, orientation: number): Size {
  return orientation > 4 ? { width: height, height: width } : { width, height };
}

/** Translates a plan for the upright image to one for the image as it is stored. */
export function planAsStored(
  { crop, resize, cut }: FixedPlan,
  upright: Size,
  orientation: number,
): FixedPlan {
  return {
    ...(crop && { crop: findStored(crop, upright, orientation) }),
    resize: turnSize(resize, orientation),
    ...(cut && { cut: findStored(cut, resize, orientation) }),
  };
}

/** Finds where a region of an upright image is stored. */
function findStored(region: Region, image: Size, orientation: number): Region {
  const [isMirrored, degrees] = ORIENTATIONS[orientation] ?? UPRIGHT;
  const turned = turnBack(region, image, degrees);
  if (!isMirrored) return turned;
  const width = degrees % 180 === 0 ? image.width : image.height;
  return { ...turned, left: width - turned.left - turned.width };
}

function turnBack({ left, top, width, height }: Region, image: Size, degrees: number): Region {
  const right = image.width - left - width;
  const bottom = image.height - top - height;
  if (degrees === 90) return { left: top, top: right, width: height, height: width };
  if (degrees === 180) return { left: right, top: bottom, width, height };
  if (degrees === 270) return { left: bottom, top: left, width: height, height: width };
  return { left, top, width, height };
}
