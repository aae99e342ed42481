/**
 * The recipe that variants are made by: raised in each release that makes other pixels or qualities of the same options.
 * A variant of a lower number is answered as it is, and made anew behind the answer. CHANGELOG.md names the releases.
 */
export const RECIPE = 1;

/** The name of the number in the metadata of a stored variant. */
export const RECIPE_NAME = "recipe";

/** Reads the number of a stored variant; 0 for variants from before there were numbers. */
export function readRecipe(metadata: Readonly<Record<string, string>>): number {
  return Number(metadata[RECIPE_NAME]) || 0;
}
