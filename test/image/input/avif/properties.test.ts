import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readAvifProperties } from "../../../../src/image/input/avif/properties.ts";
import { walkBoxes } from "../../../../src/image/input/avif/boxes.ts";
import { embedProfile } from "../../../../src/image/sharp/embed-profile.ts";
import { drawAvifPatch } from "../../../support/image/colors.ts";
import { limitReads } from "../../../support/image/hostile.ts";
import { drawQuadrants } from "../../../support/images.ts";
import { chooseRuns } from "../../../support/runs.ts";

const avif = await drawAvifPatch([200, 40, 40], [12, 13]);

function listOwn(bytes: Uint8Array): readonly string[] | undefined {
  return readAvifProperties(bytes)?.own.map(({ type }) => type);
}

describe("readAvifProperties", () => {
  it("finds what is said of the primary image", () => {
    expect(listOwn(avif)?.toSorted()).toEqual(["av1C", "colr", "ispe", "pixi"]);
  });

  it("finds nothing in other files, and in a part of one", async () => {
    expect(listOwn(await drawQuadrants(8, 8).png().toBuffer())).toBeUndefined();
    for (let length = 0; length < avif.indexOf("mdat") - 4; length += 7) {
      expect(listOwn(avif.subarray(0, length))).toBeUndefined();
    }
  });

  it("looks at a thousand boxes and no more", () => {
    const boxes = Buffer.alloc(8 * 100_000, Buffer.from("\0\0\0\x08free", "latin1"));
    expect([...walkBoxes(boxes)]).toHaveLength(1000);
    expect(listOwn(limitReads(Buffer.concat([boxes, avif]), 10_000))).toBeUndefined();
  });

  it("reads any bytes without failing, and a profile can be embedded in what it finds", () => {
    const header = avif.indexOf("mdat");
    const damage = fc.array(fc.tuple(fc.nat(header), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, (bites) => {
        const damaged = Buffer.from(avif);
        for (const [at, value] of bites) damaged[at] = value;
        const embedded = embedProfile(damaged, "avif", Buffer.from("a profile"));
        expect(embedded.length).toBeGreaterThanOrEqual(damaged.length);
        if (embedded !== damaged) expect(listOwn(embedded)).toContain("colr");
      }),
      { numRuns: chooseRuns(500, 10_000) },
    );
  });
});

describe("embedProfile", () => {
  it("gives an AVIF a profile that the decoder reads, and leaves its pixels", async () => {
    const icc = (
      await sharp(await drawQuadrants(8, 8).withIccProfile("p3").png().toBuffer()).metadata()
    ).icc;
    const plain = await drawQuadrants(64, 32).avif({ effort: 0 }).toBuffer();
    const profiled = Buffer.from(embedProfile(plain, "avif", icc ?? Buffer.of()));
    expect(profiled.length).toBeGreaterThan(plain.length);
    expect(icc && (await sharp(profiled).metadata()).icc?.equals(icc)).toBe(true);
    const [before, after] = await Promise.all(
      [plain, profiled].map((bytes) => sharp(bytes, { ignoreIcc: true }).raw().toBuffer()),
    );
    expect(before && after?.equals(before)).toBe(true);
  });

  it("gives an AVIF one whose last box has no length", async () => {
    const endless = Buffer.from(avif);
    endless.writeUInt32BE(0, endless.indexOf("mdat") - 4);
    const { icc = Buffer.of() } = await sharp(
      await drawQuadrants(8, 8).withIccProfile("p3").png().toBuffer(),
    ).metadata();
    const profiled = Buffer.from(embedProfile(endless, "avif", icc));
    expect((await sharp(profiled).metadata()).icc?.equals(icc)).toBe(true);
    await expect(sharp(profiled).raw().toBuffer()).resolves.toHaveLength(16 * 16 * 3);
  });
});
