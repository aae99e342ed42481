import type { ImagePlan } from "./geometry.ts";
import { isSearchedCut } from "./geometry.ts";
import type { Size } from "./sizes.ts";

/**
 * Finds by how much sharp has libjpeg reduce an image for a plan, as its pipeline.cc does: the factor is halved just
 * above 2, 4 and 8 "for known libjpeg rounding errors", and 1 before a crop.
 *
 * That holds where `scale` comes first. sharp decodes all of an image before a gamma, a trim, a conversion of colours,
 * or the cut of an image that lies on its side.
 */
export function findLoadShrink({ width, height }: Size, { crop, resize, cut }: ImagePlan): number {
  if (crop) return 1;
  const target = isSearchedCut(cut) ? cut : resize; // where sharp searches the cut, it scales to a side of it
  const shrink = Math.min(width / target.width, height / target.height);
  const factor = [8, 4, 2].find((each) => shrink >= each) ?? 1;
  return factor > 1 && Math.floor(shrink) === factor ? factor / 2 : factor;
}
