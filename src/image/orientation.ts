import type { Sharp } from "sharp";
import type { Plan } from "./geometry.ts";
import { settle } from "./pixels.ts";
import type { Region, Size } from "./sizes.ts";

/** Clockwise degrees, and then whether to mirror, for each EXIF orientation (CIPA DC-008, 4.6.5). */
const ORIENTATIONS: Readonly<Record<number, readonly [degrees: number, isMirrored: boolean]>> = {
  2: [0, true],
  3: [180, false],
  4: [180, true],
  5: [90, true],
  6: [90, false],
  7: [270, true],
  8: [270, false],
};

const UPRIGHT = [0, false] as const;

/** Turns what nothing else has been asked of upright. */
export async function orient(image: Sharp, orientation: number): Promise<Sharp> {
  const [degrees, isMirrored] = ORIENTATIONS[orientation] ?? UPRIGHT;
  const turned = degrees === 0 ? image : await settle(image.rotate(degrees));
  return isMirrored ? settle(turned.flop()) : turned;
}

/** A plan for an upright picture, as it is for the picture as it is stored. */
export function planAsStored(plan: Plan, upright: Size, orientation: number): Plan {
  const { crop, resize, cut } = plan;
  const [degrees] = ORIENTATIONS[orientation] ?? UPRIGHT;
  const [width, height] =
    degrees % 180 === 0 ? [resize.width, resize.height] : [resize.height, resize.width];
  return {
    ...(crop && { crop: findStored(crop, upright, orientation) }),
    resize: { width, height },
    ...(cut && { cut: "strategy" in cut ? cut : findStored(cut, resize, orientation) }),
  };
}

/** Where a region of an upright picture of some size is stored. */
function findStored(region: Region, picture: Size, orientation: number): Region {
  const [degrees, isMirrored] = ORIENTATIONS[orientation] ?? UPRIGHT;
  const { top, width, height } = region;
  const after = picture.width - region.left - width;
  const [left, right] = isMirrored ? [after, region.left] : [region.left, after];
  const bottom = picture.height - top - height;
  if (degrees === 90) return { left: top, top: right, width: height, height: width };
  if (degrees === 180) return { left: right, top: bottom, width, height };
  if (degrees === 270) return { left: bottom, top: left, width: height, height: width };
  return { left, top, width, height };
}
