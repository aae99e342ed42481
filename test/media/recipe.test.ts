import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readRecipe, RECIPE } from "../../src/media/recipe.ts";

describe("RECIPE", () => {
  it("is named by the release in the changelog that raised it", () => {
    const changelog = readFileSync(new URL("../../CHANGELOG.md", import.meta.url), "utf8");
    const named = [...changelog.matchAll(/^Recipe (\d+):/gm)].map(([, number]) => Number(number));
    expect(named[0]).toBe(RECIPE);
    expect(named).toEqual(named.toSorted((a, b) => b - a));
  });
});

describe("readRecipe", () => {
  it.each([
    [{}, 0],
    [{ recipe: "7" }, 7],
    [{ recipe: "" }, 0],
    [{ recipe: "seven" }, 0],
  ])("reads %j as %i", (metadata, recipe) => {
    expect(readRecipe(metadata)).toBe(recipe);
  });
});
