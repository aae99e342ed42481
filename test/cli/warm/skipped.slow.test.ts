import { describe, expect, it } from "vitest";
import { linesOf, runCli } from "../../support/service/cli.ts";
import { drawPhoto } from "../../support/images.ts";
import { createFolders } from "../../support/service/server.ts";

describe("shift-media warm", () => {
  it("passes over files of a folder that are no images, unless it is to be strict", async () => {
    const photo = await drawPhoto(300, 200);
    const mixed = await createFolders({
      "a.jpg": photo,
      "notes.txt": Buffer.from("nothing to see here"),
      "broken.png": photo.subarray(0, 100),
    });
    const environment = {
      ORIGINALS_DIR: mixed.originals,
      VARIANTS_DIR: mixed.variants,
      POOL_SIZE: "1",
    };
    const args = ["warm", "--transform", "w_20", "--prefix"];
    try {
      const { code, output } = await runCli([...args, "n"], { environment });
      expect([code, output]).toEqual([0, expect.stringContaining("failed  0\nskipped 1\n  w_20")]);
      expect(output).toContain("notes.txt: ");
      const strict = await runCli([...args, "n", "--strict"], { environment });
      expect([strict.code, strict.output]).toEqual([1, expect.stringContaining("failed  1\n")]);
      const none = await runCli([...args, "typo/"], { environment });
      expect([none.code, none.errors]).toEqual([
        0,
        expect.stringContaining("no originals were found"),
      ]);
      // a broken image is a failure, beside those that are skipped
      const all = await runCli([...args, "", "--json"], { environment });
      expect(all.code).toBe(1);
      expect(linesOf(all.output).at(-1)).toMatchObject({ made: 1, failed: 1, skipped: 1 });
    } finally {
      await mixed.remove();
    }
  });
});
