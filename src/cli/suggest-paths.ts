import { isImageKey } from "../image/input/formats.ts";
import type { ObjectStore } from "../store/store.ts";
import type { Transform } from "../transform/transform.ts";
import { buildPath } from "../url/build.ts";

const SPECS: readonly Transform[] = [
  { width: 800 },
  { width: 400, height: 400, gravity: "auto", format: "webp" },
  { width: 480, height: 270, mode: "pad", background: "ffd700", format: "jpg" },
  { width: 600, format: "auto" },
];

/** Suggests URLs to try first, for originals of the folder. */
export async function suggestPaths(originals: Pick<ObjectStore, "list">): Promise<string[]> {
  const { keys } = await originals.list({ prefix: "", delimiter: "/" }); // not the whole tree
  const images = keys.filter(isImageKey);
  return SPECS.flatMap((spec, index) => {
    const key = images[index % images.length];
    return key === undefined ? [] : buildPath(key, spec);
  });
}
