import type { ObjectStore } from "../../../store/store.ts";
import type { CheckResult } from "../result.ts";
import { ok, skipped, warn } from "../result.ts";

/** Stored variants that are looked at, evenly spread over the first page of a listing. */
const SAMPLE = 100;
/** Of these at a time. */
const AT_ONCE = 10;

/** The variants of all originals, and how their recipes are told. */
export interface StoredVariants {
  readonly variants: Pick<ObjectStore, "head" | "list">;
  /** The beginning of their names. */
  readonly folder: string;
  /** The number of those that are made now. */
  readonly recipe: number;
  readonly readRecipe: (metadata: Readonly<Record<string, string>>) => number;
}

/** Tells of how many stored variants the recipe is an older one. */
export async function checkRecipes({
  recipe: current,
  ...stored
}: StoredVariants): Promise<CheckResult> {
  const check = "recipes of variants";
  try {
    const recipes = await readSample(stored);
    if (recipes.length === 0) return skipped(check, "there are no variants yet");
    const old = recipes.filter((recipe) => recipe < current);
    const all = `${recipes.length} variants were looked at`;
    if (old.length === 0)
      return ok(check, `${all}, and none is of an older recipe than ${current}`);
    const numbers = [...new Set(old)].toSorted((a, b) => a - b).join(", ");
    return warn(
      check,
      `${all}, and ${old.length} are of an older recipe than ${current}: ${numbers}`,
      "they are made anew behind the answers about them; where the bucket answers first, run shift-media warm --renew PREFIX",
    );
  } catch (error) {
    // other checks say what to do about it
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}

async function readSample({
  variants,
  folder,
  readRecipe,
}: Omit<StoredVariants, "recipe">): Promise<readonly number[]> {
  const { keys } = await variants.list({ prefix: folder });
  const step = Math.max(1, keys.length / SAMPLE);
  const chosen = keys.filter((_, index) => index % step < 1);
  const recipes: number[] = [];
  for (let begin = 0; begin < chosen.length; begin += AT_ONCE) {
    const some = chosen.slice(begin, begin + AT_ONCE).map((key) => variants.head(key));
    for (const object of await Promise.all(some)) {
      if (object) recipes.push(readRecipe(object.metadata));
    }
  }
  return recipes;
}
