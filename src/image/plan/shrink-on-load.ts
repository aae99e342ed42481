import type { ImagePlan } from "./geometry.ts";
import { isSearchedCut } from "./geometry.ts";
import type { Size } from "./sizes.ts";

/**
 * How much smaller sharp has libjpeg decode for a plan: as in its pipeline.cc, which is halved just above each factor
 * "for known libjpeg rounding errors", and not done before a crop.
 *
 * That is so where `scale` is asked of what was read and nothing before it. sharp decodes all of an image before a
 * gamma, a trim, a conversion of colours, or, of what lies on its side, a cut.
 */
export function findLoadShrink({ width, height }: Size, { crop, resize, cut }: ImagePlan): number {
  if (crop) return 1;
  const target = isSearchedCut(cut) ? cut : resize; // where it seeks the cut itself, it scales by a side of that
  const shrink = Math.min(width / target.width, height / target.height);
  const factor = [8, 4, 2].find((each) => shrink >= each) ?? 1;
  return factor > 1 && Math.floor(shrink) === factor ? factor / 2 : factor;
}
