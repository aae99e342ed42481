import { platform } from "node:os";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { TransformJob } from "../../../src/image/pipeline/pipeline.ts";
import type { Sharing } from "../../../src/image/share/sharing.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import {
  decodeFor,
  make,
  ORIGINALS,
  photo,
  SIZE,
  toRaw,
} from "../../support/image/shared-images.ts";
import { chooseRows } from "../../support/runs.ts";

/** Where it is not, JPEGs are decoded for themselves at less than their size. */
const isLinux = platform() === "linux";

const FORMATS = ["png", "jpg", "webp", "avif"] as const;
/** Of the others, what is equal as a PNG is equal in the rest. */
const WITH_ALL_FORMATS: readonly string[] = ["jpeg", "jpeg of orientation 6", "png with alpha"];

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
  [{ width: 84 }, { width: 50, height: 50, mode: "fill" }],
  [{ width: 84 }, { width: 50, height: 50, mode: "fill", gravity: "auto" }],
  [{ width: 170 }, { width: 99, height: 120, mode: "fill", gravity: "entropy" }],
  [{ width: 84, rotate: "ignore" }, { width: 60 }],
  [{ width: 84 }, { width: 60, height: 40, mode: "pad", rotate: 30, background: "ff0000" }],
  [
    { width: 84, rotate: "ignore" },
    { width: 60, rotate: "ignore" },
  ],
];

/** Tells whether a job used the decoded pixels: of black pixels it makes a black image. */
async function isShared(first: TransformJob, second: TransformJob): Promise<boolean> {
  const decoded = await decodeFor(first);
  decoded?.pixels.data.fill(0);
  const { data } = await toRaw(await make(second, { sharesDecode: false, decoded }));
  return data.every((level) => level < 8);
}

describe("transformImage with what another job has decoded", () => {
  it.each(chooseRows(ORIGINALS, 5))(
    "makes of %s what would be made without",
    async (name, bytes) => {
      for (const [first, second] of PAIRS) {
        const decoded = await decodeFor({ bytes, spec: first, format: "png" });
        for (const format of WITH_ALL_FORMATS.includes(name) ? FORMATS : (["png"] as const)) {
          const job = { bytes, spec: second, format };
          const [alone, shared] = [
            await make(job),
            await make(job, { sharesDecode: false, decoded }),
          ];
          expect(shared.equals(alone), `${format} ${JSON.stringify(second)}`).toBe(true);
        }
      }
    },
  );

  it.each(chooseRows(ORIGINALS, 5))(
    "makes the first one of %s as it would be made alone",
    async (_, bytes) => {
      for (const width of [85, 150, 260, 800]) {
        const job = { bytes, spec: { width }, format: "png" } as const;
        const shared = await make(job, { sharesDecode: true, decoded: undefined });
        expect(shared.equals(await make(job)), String(width)).toBe(true);
      }
    },
  );

  it.runIf(isLinux)("uses it where it is the same, and nowhere else", async () => {
    const png = ORIGINALS.find(([name]) => name === "png")?.[1] ?? Buffer.of();
    const deep = ORIGINALS.find(([name]) => name === "png with 16 bits")?.[1] ?? Buffer.of();
    const turned = ORIGINALS.find(([name]) => name === "jpeg of orientation 6")?.[1] ?? Buffer.of();
    const webp = await sharp(photo).webp().toBuffer();
    const odd = await sharp(photo).resize(801, 341, { fit: "fill" }).png().toBuffer();
    const square = { width: 50, height: 50, mode: "fill", gravity: "auto" } as const;
    const rows: readonly (readonly [Buffer, TransformSpec, TransformSpec, boolean])[] = [
      [photo, { width: 84 }, { width: 63 }, true],
      [photo, { width: 50 }, { width: 84 }, true],
      [photo, { width: 84 }, { width: 63, sharpen: 10, gamma: 2 }, true],
      [photo, { width: 150 }, { width: 84 }, false], // decoded at another scale
      [photo, { width: 800 }, { width: 350 }, true],
      [photo, { width: 800 }, { width: 250 }, false],
      [photo, { width: 84 }, square, false],
      [photo, { width: 84 }, { width: 50, rotate: "ignore" }, true],
      [turned, { width: 45 }, { width: 50, rotate: "ignore" }, true],
      [turned, { width: 45 }, { width: 40, height: 40, mode: "fill" }, true],
      [png, { width: 84 }, { width: 450, height: 320, mode: "scale" }, true],
      [odd, { width: 84 }, { width: 450, height: 320, mode: "scale" }, false], // rows in the middle of two steps
      [png, { width: 84 }, { width: 400 }, true],
      [png, { width: 84 }, { width: 50, trim: 3 }, false],
      [png, { width: 84 }, { width: 50, keepIcc: true }, false],
      [deep, { width: 84 }, { width: 50 }, false],
      [webp, { width: 84 }, { width: 50 }, false],
    ];
    for (const [bytes, first, second, expected] of rows) {
      const [one, two] = [first, second].map((spec) => ({ bytes, spec, format: "png" as const }));
      const name = `${JSON.stringify(first)} ${JSON.stringify(second)}`;
      if (one && two) expect(await isShared(one, two), name).toBe(expected);
    }
  });

  it.runIf(isLinux)("decodes anew for those that follow where it is not the same", async () => {
    const sharing: Sharing = { sharesDecode: true, decoded: undefined };
    for (const [width, shrink, size, isKept] of [
      [80, 8, { width: 100, height: 75 }, false],
      [88, 8, { width: 100, height: 75 }, true],
      [150, 4, { width: 200, height: 150 }, false],
      [260, 2, { width: 400, height: 300 }, false],
      [500, 1, SIZE, false],
      [700, 1, SIZE, true],
    ] as const) {
      const before = sharing.decoded?.pixels;
      await make({ bytes: photo, spec: { width }, format: "png" }, sharing);
      expect(sharing.decoded).toMatchObject({ shrink, pixels: size });
      expect(sharing.decoded?.pixels === before).toBe(isKept);
    }
  });

  it("makes a JPEG of a turned original that is translucent as it would alone", async () => {
    for (const orientation of [2, 6]) {
      const image = sharp(photo).resize(148, 200, { fit: "fill" }).ensureAlpha(0.5);
      const bytes = await image.withMetadata({ orientation }).png().toBuffer();
      for (const spec of [{ width: 113 }, { width: 120, rotate: 90, radius: 9 }] as const) {
        const job = { bytes, spec, format: "jpg" } as const;
        const shared = await make(job, { sharesDecode: true, decoded: undefined });
        expect(shared.equals(await make(job)), JSON.stringify(spec)).toBe(true);
      }
    }
  });

  it("decodes for others only when there are any, and nothing that is too large", async () => {
    const job = { bytes: photo, spec: { width: 500 }, format: "png" } as const;
    const unwanted: Sharing = { sharesDecode: false, decoded: undefined };
    await make(job, unwanted);
    expect(unwanted.decoded).toBeUndefined();
    const create = { width: 6000, height: 5000, channels: 3, background: "red" } as const;
    const large = await sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
    expect(await decodeFor({ bytes: large, spec: { width: 90 }, format: "jpg" })).toBeUndefined();
    expect(await decodeFor(job)).toMatchObject({ shrink: 1, pixels: SIZE });
  });

  it("makes what can be made of an original that is damaged, as it would alone", async () => {
    const crop = { unit: "pixel", x: 0, y: 0, width: 800, height: 90 } as const;
    const cut = { width: 300, height: 30, mode: "fill", gravity: "north" } as const;
    const bytes = await sharp(photo).png().toBuffer();
    bytes.fill(0, bytes.length >> 1, bytes.length - 20);
    for (const spec of [{ crop }, cut]) {
      const job = { bytes, spec, format: "png" } as const;
      const shared = await make(job, { sharesDecode: true, decoded: undefined });
      expect(shared.equals(await make(job))).toBe(true);
    }
    const whole = { bytes, spec: { width: 50 }, format: "png" } as const;
    await expect(make(whole, { sharesDecode: true, decoded: undefined })).rejects.toMatchObject({
      code: "unusable_original",
    });
  });
});
