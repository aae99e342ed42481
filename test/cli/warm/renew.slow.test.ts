import { describe, expect, it } from "vitest";
import { RECIPE } from "../../../src/media/recipe.ts";
import { createFileStore } from "../../../src/store/file/store.ts";
import { drawPhoto } from "../../support/images.ts";
import { linesOf, runCli } from "../../support/service/cli.ts";
import { createFolders } from "../../support/service/server.ts";

describe("shift-media warm --renew", () => {
  it("makes anew what is stored under a prefix by an older recipe, and nothing else", async () => {
    const photo = await drawPhoto(300, 200);
    const folders = await createFolders({ "a1.jpg": photo, "a2.jpg": photo, "b3.jpg": photo });
    const environment = {
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      POOL_SIZE: "1",
    };
    const store = createFileStore({ root: folders.variants });
    const names = ["a1.jpg/w_20.webp", "a2.jpg/w_20.webp", "b3.jpg/w_20.webp"];
    const readRecipes = async (): Promise<unknown> =>
      Promise.all(
        names.map(async (name) => (await store.head(`variants/1/${name}`))?.metadata["recipe"]),
      );
    const setOld = async (name: string): Promise<void> => {
      const found = await store.get(`variants/1/${name}`, { maxBytes: 1_000_000 });
      if (found.kind !== "found") throw new Error(found.kind);
      const { contentType = "", metadata } = found.info;
      const options = { contentType, metadata: { ...metadata, recipe: "0" } };
      await store.put(`variants/1/${name}`, found.bytes, options);
    };
    try {
      await runCli(["warm", "--prefix", "", "--transform", "w_20,f_webp"], { environment });
      await setOld(names[0] ?? "");
      await setOld(names[2] ?? "");
      const now = String(RECIPE);
      expect(await readRecipes()).toEqual(["0", now, "0"]);
      const { code, output } = await runCli(["warm", "--renew", "a", "--json"], { environment });
      expect([code, linesOf(output).at(-1)]).toEqual([
        0,
        expect.objectContaining({ made: 1, there: 1, failed: 0 }),
      ]);
      expect(await readRecipes()).toEqual([now, now, "0"]);
      const explained = await runCli(["explain", "--stored", "/w_20,f_webp/b3.jpg"], {
        environment,
      });
      expect(explained.output).toContain("by recipe 0");
      const told = await runCli(["doctor"], { environment });
      expect(told.output).toContain(`1 are of an older recipe than ${RECIPE}`);
      const wrong = await runCli(["warm", "--renew", "a", "--transform", "w_9"], { environment });
      expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining("what is stored")]);
    } finally {
      await folders.remove();
    }
  });
});
