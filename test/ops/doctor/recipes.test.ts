import { describe, expect, it } from "vitest";
import { checkRecipes } from "../../../src/ops/doctor/checks/recipes.ts";
import type { CheckResult } from "../../../src/ops/doctor/result.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { readRecipe, RECIPE } from "../../../src/media/recipe.ts";

const FOLDER = "variants/1/";

/** A store with so many variants of each of these recipes. */
async function fill(
  counts: readonly (readonly [number | undefined, number])[],
): Promise<ObjectStore> {
  const store = createMemoryStore();
  await store.put("original.jpg", new Uint8Array(1), { contentType: "image/jpeg" });
  for (const [recipe, count] of counts) {
    for (let index = 0; index < count; index += 1) {
      await store.put(`${FOLDER}${recipe}-${index}/_.jpg`, new Uint8Array(1), {
        contentType: "image/jpeg",
        metadata: recipe === undefined ? {} : { recipe: String(recipe) },
      });
    }
  }
  return store;
}

function check(variants: ObjectStore): Promise<CheckResult> {
  return checkRecipes({ variants, folder: FOLDER, recipe: RECIPE, readRecipe });
}

describe("checkRecipes", () => {
  it.each([
    [[], "skipped", "no variants"],
    [[[RECIPE, 3]], "ok", "3 variants"],
    [[[RECIPE + 1, 2]], "ok", "2 variants"],
    [
      [
        [undefined, 1],
        [RECIPE, 2],
      ],
      "warn",
      `1 are of an older recipe than ${RECIPE}: 0`,
    ],
    [[[undefined, 300]], "warn", "100 are of"],
  ] as const)("says of %j: %s", async (counts, status, message) => {
    const result = await check(await fill(counts));
    expect(result.status).toBe(status);
    expect(result.message).toContain(message);
  });

  it("leaves a store that does not answer to other checks", async () => {
    const store = { ...createMemoryStore(), list: () => Promise.reject(new Error("no")) };
    expect(await check(store)).toMatchObject({ status: "skipped", message: "no" });
  });
});
