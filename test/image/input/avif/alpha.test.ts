import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { hasPremultipliedAlpha } from "../../../../src/image/input/avif/alpha.ts";
import { findBox, walkBoxes } from "../../../../src/image/input/avif/boxes.ts";
import { embedProfile } from "../../../../src/image/sharp/embed-profile.ts";
import { decode, distance } from "../../../support/images.ts";
import { make } from "../../../support/image/shared-images.ts";

const SIZE = { width: 48, height: 32 };
const COLOR = [40, 200, 120] as const;
const ALPHAS = [255, 192, 128, 64];

/** Stripes of one colour with less and less alpha. */
function draw(isPremultiplied: boolean): Buffer {
  const pixels = Array.from({ length: SIZE.width * SIZE.height }, (_, index) => {
    const alpha = ALPHAS[Math.floor(((index % SIZE.width) * ALPHAS.length) / SIZE.width)] ?? 0;
    const factor = isPremultiplied ? alpha / 255 : 1;
    return [...COLOR.map((level) => Math.round(level * factor)), alpha];
  });
  return Buffer.from(pixels.flat());
}

function encode(data: Buffer, icc?: string): Promise<Buffer> {
  const image = sharp(data, { raw: { ...SIZE, channels: 4 } });
  return (icc ? image.withIccProfile(icc) : image).avif({ lossless: true, effort: 0 }).toBuffer();
}

/** Adds a reference from the image to its alpha. The box of all references moves to the end, and leaves its place free. */
function addReference(avif: Buffer, type: string): Buffer {
  const meta = findBox(walkBoxes(avif), "meta") ?? { start: 0, content: 0, end: 0 };
  const iref = findBox(walkBoxes(avif, meta.content + 4, meta.end), "iref") ?? meta;
  const reference = Buffer.from(`0000000e${Buffer.from(type).toString("hex")}000100010002`, "hex");
  const at = iref.end - meta.start;
  const box = Buffer.concat([
    avif.subarray(meta.start, iref.end),
    reference,
    avif.subarray(iref.end, meta.end),
  ]);
  box.writeUInt32BE(box.length);
  box.writeUInt32BE(at - (iref.start - meta.start) + reference.length, iref.start - meta.start);
  const file = Buffer.concat([avif, box]);
  file.write("free", meta.start + 4);
  return file;
}

const straight = await encode(draw(false));
const premultiplied = addReference(await encode(draw(true)), "prem");

describe("hasPremultipliedAlpha", () => {
  it("knows an AVIF by its reference", () => {
    expect(hasPremultipliedAlpha(premultiplied)).toBe(true);
    expect(hasPremultipliedAlpha(straight)).toBe(false);
    expect(hasPremultipliedAlpha(addReference(straight, "cdsc"))).toBe(false);
    expect(hasPremultipliedAlpha(embedProfile(premultiplied, "avif", Buffer.from("icc")))).toBe(
      true,
    );
  });
});

describe("transformImage of an AVIF with premultiplied alpha", () => {
  it("shows the colours of one without, whatever is asked for", async () => {
    for (const spec of [{}, { width: 24 }, { rotate: 90 }, { keepIcc: true }] as const) {
      const [made, meant] = [
        await decode(await make({ bytes: premultiplied, spec, format: "png" })),
        await decode(await make({ bytes: straight, spec, format: "png" })),
      ];
      for (const index of ALPHAS.keys()) {
        const along = (index + 0.5) / ALPHAS.length;
        const [x, y] = "rotate" in spec ? [0.5, along] : [along, 0.5];
        expect(distance(made.at(x, y), meant.at(x, y))).toBeLessThanOrEqual(6);
        expect(distance(made.at(x, y), [...COLOR, ALPHAS[index] ?? 0])).toBeLessThanOrEqual(6);
      }
    }
  });

  it("converts its colours after that", async () => {
    const [made, meant] = await Promise.all(
      [true, false].map(async (isPremultiplied) => {
        const avif = await encode(draw(isPremultiplied));
        // the profile replaces the numbers of sRGB
        const { icc = Buffer.of() } = await sharp(
          await sharp(straight).withIccProfile("p3").png().toBuffer(),
        ).metadata();
        const bytes = embedProfile(
          isPremultiplied ? addReference(avif, "prem") : avif,
          "avif",
          icc,
        );
        return decode(await make({ bytes: Buffer.from(bytes), spec: {}, format: "png" }));
      }),
    );
    for (const index of ALPHAS.keys()) {
      const x = (index + 0.5) / ALPHAS.length;
      const [one, other] = [made?.at(x, 0.5), meant?.at(x, 0.5)];
      expect(one && other && distance(one, other)).toBeLessThanOrEqual(5);
    }
    expect(meant && distance(meant.at(0.1, 0.5), [...COLOR, 255])).toBeGreaterThan(20);
  });
});
