import { describe, expect, it } from "vitest";
import type { Sharing } from "../../../src/image/share/sharing.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import type { ImageFormat } from "../../../src/transform/formats.ts";
import { chooseRows } from "../../support/runs.ts";
import { alpha, make, ORIGINALS, photo, toRaw } from "../../support/image/shared-images.ts";

type Asked = readonly [format: ImageFormat, spec: TransformSpec];

/** Tells whether the second job used the image of the first: of black pixels it makes a black image. */
async function isTaken(
  bytes: Buffer,
  [first, second]: readonly [Asked, Asked],
  sharing: Sharing,
): Promise<boolean> {
  await make({ bytes, format: first[0], spec: first[1] }, sharing);
  sharing.finished?.pixels.data.fill(0);
  const { data } = await toRaw(await make({ bytes, format: second[0], spec: second[1] }, sharing));
  return data.every((level) => level < 8);
}

describe("transformImage with the finished image of another job", () => {
  it.each(chooseRows(ORIGINALS, 5))("makes of %s one image in all formats", async (_, bytes) => {
    for (const spec of [
      { width: 150 },
      { width: 90, height: 90, mode: "pad", radius: 9 },
    ] as const) {
      const sharing: Sharing = { sharesDecode: false, sharesImage: true };
      for (const format of ["jpg", "webp", "png", "avif"] as const) {
        const job = { bytes, spec, format };
        const [alone, shared] = [await make(job), await make(job, sharing)];
        expect(shared.equals(alone), `${format} ${JSON.stringify(spec)}`).toBe(true);
      }
    }
  });

  it("takes a finished image where it is the same, and nowhere else", async () => {
    const round = { width: 60, radius: 9 } as const;
    const padded = { width: 60, height: 60, mode: "pad" } as const;
    const rows: readonly (readonly [Buffer, Asked, Asked, boolean])[] = [
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84 }], true],
      [photo, ["jpg", { width: 84 }], ["jpg", { width: 84, quality: 50, version: "2" }], true],
      [photo, ["webp", { width: 84 }], ["webp", { width: 84, lossless: true }], true],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 85 }], false],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84, grayscale: true }], false],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84, rotate: "ignore" }], false],
      [photo, ["jpg", round], ["webp", round], false], // on white, and on nothing
      [photo, ["png", round], ["webp", round], true],
      [photo, ["jpg", padded], ["webp", padded], false],
      [photo, ["jpg", { width: 60, rotate: 30 }], ["webp", { width: 60, rotate: 30 }], false],
      [alpha, ["jpg", { width: 84 }], ["webp", { width: 84 }], false],
      [alpha, ["png", { width: 84 }], ["webp", { width: 84 }], true],
      [photo, ["jpg", { width: 84, trim: 3 }], ["webp", { width: 84, trim: 3 }], false],
    ];
    for (const [bytes, first, second, expected] of rows) {
      const sharing: Sharing = { sharesDecode: false, sharesImage: true };
      const name = `${JSON.stringify(first)} ${JSON.stringify(second)}`;
      expect(await isTaken(bytes, [first, second], sharing), name).toBe(expected);
    }
  });

  it("keeps none that is large, however small what it was made of", async () => {
    for (const [side, expected] of [
      [2000, true],
      [2400, false],
    ] as const) {
      const spec = { width: side, height: side, mode: "pad", background: "ff0000" } as const;
      const sharing: Sharing = { sharesDecode: false, sharesImage: true };
      await make({ bytes: photo, spec, format: "png" }, sharing);
      expect([side, sharing.finished !== undefined]).toEqual([side, expected]);
    }
  });
});
