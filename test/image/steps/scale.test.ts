import type { Sharp } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { orient } from "../../../src/image/steps/orient.ts";
import { fromPixels, toPixels } from "../../../src/image/sharp/pixels.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import { difference, make, photo } from "../../support/image/shared-images.ts";
import { chooseRows } from "../../support/runs.ts";

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const pixels = await toPixels(sharp(photo).resize(800, 450, { fit: "fill" }));

type Encode = (image: Sharp) => Sharp;

const asJpeg: Encode = (image) => image.jpeg({ quality: 100, chromaSubsampling: "4:4:4" });

const asP3: Encode = (image) => asJpeg(image.withIccProfile("p3"));

function readLevels(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes, { ignoreIcc: true }).png().toBuffer();
}

/** Mean differences between what comes of an image that lies so, and of the same one that is stored upright. */
async function compareTurned(
  spec: TransformSpec,
  encode: Encode,
  read: (bytes: Buffer) => Buffer | Promise<Buffer> = (bytes) => bytes,
): Promise<readonly number[]> {
  const differences: number[] = [];
  for (const orientation of ORIENTATIONS) {
    const stored = encode(fromPixels(pixels).withMetadata({ orientation }));
    const upright = encode(await orient(fromPixels(pixels), orientation));
    const [made, meant] = [await stored.toBuffer(), await upright.toBuffer()];
    differences.push(
      await difference(
        await read(await make({ bytes: made, spec, format: "png" })),
        await read(await make({ bytes: meant, spec, format: "png" })),
      ),
    );
  }
  return differences;
}

describe("scaleOriginal", () => {
  const crop = { unit: "pixel", x: 101, y: 53, width: 333, height: 222 } as const;

  const specs: readonly TransformSpec[] = [
    { crop },
    { crop, width: 90 },
    { crop, width: 60, height: 60, mode: "fill", gravity: "south" },
    { crop, width: 90, rotate: 90, flip: "h" },
    { crop, width: 90, height: 90, mode: "pad", radius: 20, blur: 100 },
    { width: 70, height: 70, mode: "fill" },
    { width: 90, height: 40, mode: "fill", gravity: "north_east" },
    { width: 40, height: 90, mode: "fill", gravity: "west" },
    { width: 200, height: 260, mode: "fill", gravity: "south_west" },
    { width: 440, height: 440, mode: "fill", gravity: "east" },
  ];
  it.each(chooseRows(specs, 3))(
    "makes of what lies on its side what it would make if it were upright: %j",
    async (spec) => {
      // blocks of a JPEG are counted from where it is stored
      for (const one of await compareTurned(spec, asJpeg)) expect(one).toBeLessThan(3);
    },
  );

  const originals: readonly (readonly [string, Encode])[] = [
    ["PNG with alpha", (image) => image.ensureAlpha(0.5).png()],
    ["PNG with 16 bits", (image) => image.toColourspace("rgb16").png()],
    ["WebP with alpha", (image) => image.ensureAlpha(0.5).webp({ lossless: true, effort: 0 })],
    ["grey JPEG", (image) => asJpeg(image.toColourspace("b-w"))],
  ];
  it.each(chooseRows(originals, 1))("makes the same of a %s", async (_, encode) => {
    for (const spec of [
      { crop, width: 90 },
      { width: 90, height: 40, mode: "fill" },
    ] as const) {
      for (const one of await compareTurned(spec, encode)) expect(one).toBeLessThan(3);
    }
  });

  it("leaves levels to a profile that is kept", async () => {
    const spec = { crop, width: 90, keepIcc: true } as const;
    for (const one of await compareTurned(spec, asP3, readLevels)) expect(one).toBeLessThan(2);
  });
});
