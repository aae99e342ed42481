import { randomFillSync } from "node:crypto";
import type { OutputInfo } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { prepareEngine } from "../../src/image/engine.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";
import type { TransformJob } from "../../src/image/pipeline.ts";
import { transformImage } from "../../src/image/pipeline.ts";
import type { Sharing } from "../../src/image/sharing.ts";
import type { PictureFormat, TransformSpec } from "../../src/transform/spec.ts";
import { drawPhoto } from "../support/images.ts";
import { expectMade } from "./make-variant.ts";

const limits = DEFAULT_IMAGE_LIMITS;
const SIZE = { width: 800, height: 600 };
const photo = await drawPhoto(SIZE.width, SIZE.height);
const noise = sharp(randomFillSync(Buffer.alloc(SIZE.width * SIZE.height * 3)), {
  raw: { ...SIZE, channels: 3 },
});
const alpha = await sharp({
  create: { ...SIZE, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
})
  .composite([{ input: await sharp(photo).resize(600).png().toBuffer() }])
  .png()
  .toBuffer();
const oriented = await Promise.all(
  [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
    sharp(photo).resize(800, 450, { fit: "fill" }).withMetadata({ orientation }).jpeg().toBuffer(),
  ),
);

/** Each is what is made for others, and how. */
const ORIGINALS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["jpeg", photo],
  ...oriented.map((bytes, index) => [`jpeg of orientation ${index + 1}`, bytes] as const),
  ["progressive jpeg", await sharp(photo).jpeg({ progressive: true }).toBuffer()],
  ["grey jpeg", await sharp(photo).toColourspace("b-w").jpeg().toBuffer()],
  ["cmyk jpeg", await sharp(photo).toColourspace("cmyk").jpeg().toBuffer()],
  ["jpeg in Display P3", await sharp(photo).withIccProfile("p3").jpeg().toBuffer()],
  ["jpeg of noise", await noise.clone().jpeg({ quality: 90 }).toBuffer()],
  ["png", await sharp(photo).png().toBuffer()],
  ["png of noise", await noise.clone().png({ compressionLevel: 0 }).toBuffer()],
  ["png with alpha", alpha],
  ["png with 16 bits", await sharp(photo).toColourspace("rgb16").png().toBuffer()],
  ["grey png", await sharp(photo).toColourspace("b-w").png().toBuffer()],
  [
    "png in Display P3 with 16 bits",
    await sharp(photo).toColourspace("rgb16").withIccProfile("p3").png().toBuffer(),
  ],
  ["gif", await sharp(photo).gif({ effort: 1 }).toBuffer()],
  ["avif", await sharp(photo).avif({ effort: 0 }).toBuffer()],
];

await prepareEngine();

async function make(job: TransformJob, sharing?: Sharing): Promise<Buffer> {
  const result = expectMade(await transformImage(job, { limits, ...(sharing && { sharing }) }));
  return Buffer.from(result.bytes);
}

/** What was decoded for a first job, for others to have. */
async function decodeFor(job: TransformJob): Promise<Sharing["decoded"]> {
  const sharing: Sharing = { isWanted: true, decoded: undefined };
  await make(job, sharing);
  return sharing.decoded;
}

function toRaw(bytes: Buffer): Promise<{ data: Buffer; info: OutputInfo }> {
  return sharp(bytes).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
}

/** The mean of how far levels are apart. */
async function difference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = [await toRaw(one), await toRaw(other)];
  expect(b.info).toMatchObject({ width: a.info.width, height: a.info.height });
  expect(b.info.channels).toBe(a.info.channels);
  let sum = 0;
  for (let at = 0; at < a.data.length; at += 1)
    sum += Math.abs(Number(a.data[at]) - Number(b.data[at]));
  return sum / a.data.length;
}

/** Pairs of a job and one that is made of its decode. */
const PAIRS: readonly (readonly [first: TransformSpec, second: TransformSpec])[] = [
  [{ width: 84 }, { width: 63 }],
  [{ width: 84 }, { width: 20 }],
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

type Asked = readonly [format: PictureFormat, spec: TransformSpec];

/** Whether the second has made use of the picture of the first: of black pixels it makes a black picture. */
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

  it.each(ORIGINALS)("makes of %s one picture in all formats", async (_, bytes) => {
    for (const spec of [
      { width: 150 },
      { width: 90, height: 90, mode: "pad", radius: 9 },
    ] as const) {
      const sharing: Sharing = { isWanted: false, isTwinned: true };
      for (const format of ["jpg", "webp", "png", "avif"] as const) {
        const job = { bytes, spec, format };
        const [alone, shared] = [await make(job), await make(job, sharing)];
        expect(await difference(alone, shared), `${format} ${JSON.stringify(spec)}`).toBeLessThan(
          1,
        );
      }
    }
  });

  it("takes a finished picture where it is the same, and nowhere else", async () => {
    const round = { width: 60, radius: 9 } as const;
    const rows: readonly (readonly [Buffer, Asked, Asked, boolean])[] = [
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84 }], true],
      [photo, ["jpg", { width: 84 }], ["jpg", { width: 84, quality: 50, version: "2" }], true],
      [photo, ["webp", { width: 84 }], ["webp", { width: 84, lossless: true }], true],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 85 }], false],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84, grayscale: true }], false],
      [photo, ["jpg", { width: 84 }], ["webp", { width: 84, rotate: "ignore" }], false],
      [photo, ["jpg", round], ["webp", round], false], // on white, and on nothing
      [photo, ["png", round], ["webp", round], true],
      [alpha, ["jpg", { width: 84 }], ["webp", { width: 84 }], false],
      [alpha, ["png", { width: 84 }], ["webp", { width: 84 }], true],
      [photo, ["jpg", { width: 84, trim: 3 }], ["webp", { width: 84, trim: 3 }], false],
    ];
    for (const [bytes, first, second, expected] of rows) {
      const sharing: Sharing = { isWanted: false, isTwinned: true };
      const name = `${JSON.stringify(first)} ${JSON.stringify(second)}`;
      expect(await isTaken(bytes, [first, second], sharing), name).toBe(expected);
    }
  });

  it("takes none that was scaled twice where that would show", async () => {
    for (const [width, second, expected] of [
      [260, ["webp", { width: 260 }], true],
      [196, ["webp", { width: 196 }], false],
      [196, ["webp", { width: 196, lossless: true }], true],
      [196, ["avif", { width: 196 }], true],
    ] as const) {
      const decoded = await decodeFor({ bytes: photo, spec: { width: 260 }, format: "jpg" });
      const sharing: Sharing = { isWanted: true, isTwinned: true, decoded };
      const pair = [["jpg", { width }], second] as const;
      expect(await isTaken(photo, pair, sharing), JSON.stringify(pair)).toBe(expected);
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
