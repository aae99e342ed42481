import { randomFillSync } from "node:crypto";
import type { OutputInfo } from "sharp";
import sharp from "sharp";
import { expect } from "vitest";
import { prepareEngine } from "../../../src/image/sharp/engine.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import type { TransformJob } from "../../../src/image/pipeline/pipeline.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import type { Sharing } from "../../../src/image/share/sharing.ts";
import { gama, numberAvif } from "./colors.ts";
import { insertIntoPng } from "./hostile.ts";
import { drawPhoto } from "../images.ts";
import { expectMade } from "./make-variant.ts";

const limits = DEFAULT_IMAGE_LIMITS;
export const SIZE = { width: 800, height: 600 };
export const photo = await drawPhoto(SIZE.width, SIZE.height);
const noise = sharp(randomFillSync(Buffer.alloc(SIZE.width * SIZE.height * 3)), {
  raw: { ...SIZE, channels: 3 },
});
export const alpha = await sharp({
  create: { ...SIZE, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
})
  .composite([{ input: await sharp(photo).resize(600).png().toBuffer() }])
  .png()
  .toBuffer();
const oriented = await Promise.all(
  [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
    sharp(photo).resize(800, 780, { fit: "fill" }).withMetadata({ orientation }).jpeg().toBuffer(),
  ),
);

/** Each is what is made for others, and how. */
export const ORIGINALS: readonly (readonly [name: string, bytes: Buffer])[] = [
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
  ["png in linear light", insertIntoPng(await sharp(photo).png().toBuffer(), [gama(100_000)])],
  [
    "png in linear light with 16 bits",
    insertIntoPng(await sharp(photo).toColourspace("rgb16").png().toBuffer(), [gama(100_000)]),
  ],
  ["avif in numbers of Display P3", await numberAvif(sharp(photo), [12, 13])],
];

await prepareEngine();

export async function make(job: TransformJob, sharing?: Sharing): Promise<Buffer> {
  const result = expectMade(await transformImage(job, { limits, ...(sharing && { sharing }) }));
  return Buffer.from(result.bytes);
}

/** Decodes pixels for a first job, which others share. */
export async function decodeFor(job: TransformJob): Promise<Sharing["decoded"]> {
  const sharing: Sharing = { sharesDecode: true, decoded: undefined };
  await make(job, sharing);
  return sharing.decoded;
}

export function toRaw(bytes: Buffer): Promise<{ data: Buffer; info: OutputInfo }> {
  return sharp(bytes).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
}

/** The mean of how far levels are apart. */
export async function difference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = [await toRaw(one), await toRaw(other)];
  expect(b.info).toMatchObject({ width: a.info.width, height: a.info.height });
  expect(b.info.channels).toBe(a.info.channels);
  let sum = 0;
  for (let at = 0; at < a.data.length; at += 1)
    sum += Math.abs(Number(a.data[at]) - Number(b.data[at]));
  return sum / a.data.length;
}
