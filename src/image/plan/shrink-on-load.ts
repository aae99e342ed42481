import type { ImagePlan } from "./geometry.ts";
import type { Size } from "./sizes.ts";

/**
 * Finds by how much libjpeg reduces an image for a plan, as sharp's pipeline.cc does: the factor is halved just above 2, 4
 * and 8, and 1 before a crop. Smaller factors are sharper, and take longer.
 *
 * That holds where `scale` comes first. sharp decodes all of an image before a gamma, a trim, a conversion of colours,
 * or the cut of an image that lies on its side.
 */
export function findLoadShrink({ width, height }: Size, { crop, resize }: ImagePlan): number {
  if (crop) return 1;
  const shrink = Math.min(width / resize.width, height / resize.height);
  const factor = [8, 4, 2].find((each) => shrink >= each) ?? 1;
  return factor > 1 && Math.floor(shrink) === factor ? factor / 2 : factor;
}
