import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { TransformJob } from "../../src/image/pipeline.ts";
import type { Sharing } from "../../src/image/sharing.ts";
import type { TransformSpec } from "../../src/transform/spec.ts";
import { decodeFor, difference, make, ORIGINALS, photo, SIZE, toRaw } from "./shared-pictures.ts";

/** Pairs of a job and one that is made of its decode. */
const PAIRS: readonly (readonly [first: TransformSpec, second: TransformSpec])[] = [
  [{ width: 84 }, { width: 63 }],
  [{ width: 84 }, { width: 20 }],
  [{ width: 84 }, { width: 30, height: 50, mode: "scale", sharpen: 40 }],
  [{ width: 84 }, { width: 60, gamma: 3 }],
  [{ width: 150 }, { width: 114 }],
  [{ width: 260 }, { width: 196 }],
  [{ width: 800 }, { width: 350 }],
  [
    { width: 500 },
    { crop: { unit: "fraction", x: 0.2, y: 0.1, width: 0.5, height: 0.5 }, width: 90 },
  ],
  [{ width: 84 }, { width: 40, height: 40, mode: "fill", flip: "h", rotate: 90 }],
  [{ width: 84 }, { width: 50, grayscale: true, blur: 200, radius: 9 }],
  [
    { width: 84, rotate: "ignore" },
    { width: 60, rotate: "ignore" },
  ],
];

/** Whether a job has made use of what was decoded: of black pixels it makes a black picture. */
async function isShared(first: TransformJob, second: TransformJob): Promise<boolean> {
  const decoded = await decodeFor(first);
  decoded?.pixels.data.fill(0);
  const { data } = await toRaw(await make(second, { isWanted: false, decoded }));
  return data.every((level) => level < 8);
}

describe("transformImage with what another job has decoded", () => {
  it.each(ORIGINALS)("makes of %s what would be made without", async (_, bytes) => {
    for (const [first, second] of PAIRS) {
      const decoded = await decodeFor({ bytes, spec: first, format: "png" });
      for (const format of ["png", "jpg", "webp", "avif"] as const) {
        const job = { bytes, spec: second, format };
        const [alone, shared] = [await make(job), await make(job, { isWanted: false, decoded })];
        // what is promised is 3, of which a lossy encoder takes more than half when all is noise
        const bound = format === "png" ? 1.6 : 3;
        expect(await difference(alone, shared), `${format} ${JSON.stringify(second)}`).toBeLessThan(
          bound,
        );
      }
    }
  });

  it.each(ORIGINALS)("makes the first one of %s as it would be made alone", async (_, bytes) => {
    for (const width of [85, 150, 260, 800]) {
      const job = { bytes, spec: { width }, format: "png" } as const;
      const shared = await make(job, { isWanted: true, decoded: undefined });
      expect(await difference(await make(job), shared)).toBeLessThan(1);
    }
  });

  it("uses it where it is the same, and nowhere else", async () => {
    const png = ORIGINALS.find(([name]) => name === "png")?.[1] ?? Buffer.of();
    const webp = await sharp(photo).webp().toBuffer();
    const rows: readonly (readonly [Buffer, TransformSpec, TransformSpec, boolean])[] = [
      [photo, { width: 84 }, { width: 63 }, true],
      [photo, { width: 84 }, { width: 84, quality: 50 }, true],
      [photo, { width: 84 }, { width: 68 }, false], // too near
      [photo, { width: 84 }, { width: 63, sharpen: 10 }, false],
      [photo, { width: 84 }, { width: 63, gamma: 2 }, false],
      [photo, { width: 800 }, { width: 350, sharpen: 10 }, true], // all of its pixels
      [photo, { width: 50 }, { width: 84 }, false], // larger
      [photo, { width: 150 }, { width: 84 }, false], // decoded at another scale
      [photo, { width: 800 }, { width: 350 }, true],
      [photo, { width: 800 }, { width: 250 }, false],
      [photo, { width: 84 }, { width: 50, rotate: "ignore" }, false],
      [photo, { width: 84 }, { width: 50, height: 50, mode: "fill", gravity: "auto" }, false],
      [png, { width: 84 }, { width: 400 }, true],
      [png, { width: 84 }, { width: 400, rotate: "ignore" }, false],
      [png, { width: 84 }, { width: 50, trim: 3 }, false],
      [png, { width: 84 }, { width: 50, keepIcc: true }, false],
      [webp, { width: 84 }, { width: 50 }, false],
    ];
    for (const [bytes, first, second, expected] of rows) {
      const [one, two] = [first, second].map((spec) => ({ bytes, spec, format: "png" as const }));
      const name = `${JSON.stringify(first)} ${JSON.stringify(second)}`;
      if (one && two) expect(await isShared(one, two), name).toBe(expected);
    }
  });

  it("keeps the widest for those that follow, though one between is made by itself", async () => {
    const sharing: Sharing = { isWanted: true, decoded: undefined };
    for (const [width, kept] of [
      [80, 80],
      [70, 80],
      [60, 80],
      [88, 88],
    ] as const) {
      await make({ bytes: photo, spec: { width }, format: "png" }, sharing);
      expect([width, sharing.decoded?.pixels.width]).toEqual([width, kept]);
    }
  });

  it("decodes for others only when there are any, and nothing that is too large", async () => {
    const job = { bytes: photo, spec: { width: 500 }, format: "png" } as const;
    const unwanted: Sharing = { isWanted: false, decoded: undefined };
    await make(job, unwanted);
    expect(unwanted.decoded).toBeUndefined();
    const create = { width: 6000, height: 5000, channels: 3, background: "red" } as const;
    const large = await sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
    expect(await decodeFor({ bytes: large, spec: { width: 90 }, format: "jpg" })).toBeUndefined();
    expect(await decodeFor(job)).toMatchObject({ shrink: 1, pixels: SIZE });
  });
});
