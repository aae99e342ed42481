import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { dependsOnPieces } from "../../../src/image/share/sharing.ts";
import { drawPhoto } from "../../support/images.ts";
import { chooseRows } from "../../support/runs.ts";

sharp.concurrency(1);

/** Heights of which sharp makes something else where an image of so many rows is in memory, and is no file. */
async function findDifferent(rows: number, heights: readonly number[]): Promise<number[]> {
  const file = await sharp(await drawPhoto(30, rows))
    .png()
    .toBuffer();
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const different: number[] = [];
  for (const height of heights) {
    const size = { width: 20, height, fit: "fill" } as const;
    const [one, other] = [sharp(file), sharp(data, { raw: info })];
    const made = await one.resize(size).webp({ lossless: true, effort: 0 }).toBuffer();
    const also = await other.resize(size).webp({ lossless: true, effort: 0 }).toBuffer();
    if (!made.equals(also)) different.push(height);
  }
  return different;
}

describe("dependsOnPieces", () => {
  it.each(chooseRows([97, 170, 341, 375, 499, 513, 682], 2))(
    "foresees it for all heights of %i rows",
    async (rows) => {
      // more is done in several passes
      const least = Math.floor(rows / 4) + 1;
      const heights = Array.from({ length: rows - least }, (_, index) => index + least);
      const foreseen = heights.filter((height) => dependsOnPieces(rows, height));
      for (const height of await findDifferent(rows, heights)) expect(foreseen).toContain(height);
      expect(foreseen.length).toBeLessThan(heights.length / 5);
    },
  );

  it("fears nothing where sums are exact", () => {
    expect(dependsOnPieces(375, 192)).toBe(false);
    expect(dependsOnPieces(374, 192)).toBe(false);
    expect(dependsOnPieces(373, 192)).toBe(true);
  });

  it("is no idle fear", async () => {
    // which of them, the error of a sum decides
    const different = await findDifferent(341, [192, 320]);
    expect(different.length).toBeGreaterThan(0);
    const foreseen = [191, 192, 193, 320].filter((height) => dependsOnPieces(341, height));
    expect(foreseen).toEqual([192, 320]);
  });
});
