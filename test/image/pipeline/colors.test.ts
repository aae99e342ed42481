import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { dropPngChunks } from "../../../src/image/input/png.ts";
import { embedProfile } from "../../../src/image/sharp/embed-profile.ts";
import { distance } from "../../support/images.ts";
import {
  ADOBE_RGB,
  chrm,
  cicp,
  clli,
  drawAvifPatch,
  drawPatch,
  gama,
  toSrgbLevel,
} from "../../support/image/colors.ts";
import { insertIntoPng, pngChunk } from "../../support/image/hostile.ts";
import { makeVariant, viewVariant } from "../../support/image/make-variant.ts";

/** Each of these takes a way of its own through the steps. */
const SPECS = ["", "w_8", "flip_h", "crop_2_2_8_8", "w_8,h_12,c_pad,b_white", "b_102030,q_90"];

/** Of all ways through the steps each depth, and each of grey, color and alpha, takes three. */
const DEPTHS = [
  { isDeep: false, hasAlpha: false, specs: SPECS.slice(0, 3) },
  { isDeep: true, hasAlpha: false, specs: SPECS.slice(3) },
  { isDeep: false, hasAlpha: true, specs: SPECS.slice(3) },
  { isDeep: true, hasAlpha: true, specs: SPECS.slice(0, 3) },
];

const RED = [200, 40, 40] as const;
const GREEN = [40, 200, 40] as const;
const ORANGE = [230, 150, 30] as const;

function expectColor(actual: Awaited<ReturnType<typeof viewVariant>>, color: readonly number[]) {
  const [r = 0, g = 0, b = 0] = color;
  return expect(distance(actual.at(0.5, 0.5), [r, g, b, 255]), JSON.stringify(color));
}

/** Levels of sRGB are known values of independent decoders, or of formulas where there is no number. */
const SHOWN: [
  what: string,
  chunks: Buffer[],
  levels: readonly [number, number, number],
  sRgb: readonly number[],
][] = [
  ["cICP of Display P3", [cicp(12, 13)], RED, [218, 0, 26]],
  ["cICP of Display P3", [cicp(12, 13)], ORANGE, [244, 145, 0]],
  ["cICP of BT.2020", [cicp(9, 13)], RED, [249, 0, 27]],
  [
    "cICP of linear light",
    [cicp(1, 8)],
    RED,
    [200, 40, 40].map((level) => toSrgbLevel(level / 255)),
  ],
  [
    "cICP of gamma 2.8",
    [cicp(1, 5)],
    GREEN,
    [40, 200, 40].map((level) => toSrgbLevel((level / 255) ** 2.8)),
  ],
  ["cICP of the television of 1953", [cicp(4, 13)], RED, [237, 21, 18]],
  ["cICP of film", [cicp(1, 17)], [128, 64, 32], [118, 48, 15]],
  [
    "cICP of PQ, at a tenth of the light of the sun",
    [cicp(1, 16)],
    [128, 128, 128],
    [132, 132, 132],
  ],
  ["cICP of PQ, beyond white", [cicp(1, 16)], [200, 200, 200], [255, 255, 255]],
  [
    "PQ of an image that is nowhere so bright",
    [cicp(9, 16), clli(470)],
    [100, 100, 100],
    [92, 92, 92],
  ],
  ["PQ of an image without highlights", [cicp(9, 16), clli(203)], [100, 100, 100], [107, 107, 107]],
  ["cICP of HLG", [cicp(1, 18)], RED, [181, 29, 29]],
  ["cICP of HLG and BT.2020", [cicp(9, 18)], RED, [227, 0, 15]],
  ["cICP before gAMA", [cicp(12, 13), gama(100_000)], RED, [218, 0, 26]],
  [
    "gAMA of linear light",
    [gama(100_000)],
    RED,
    [200, 40, 40].map((level) => toSrgbLevel(level / 255)),
  ],
  [
    "gAMA of old Macs",
    [gama(55_556)],
    RED,
    [200, 40, 40].map((level) => toSrgbLevel((level / 255) ** 1.8)),
  ],
  ["gAMA and cHRM of Adobe RGB", [chrm(ADOBE_RGB), gama(45_455)], RED, [233, 35, 35]],
  ["gAMA of sRGB", [gama(45_455)], RED, RED],
  [
    "sRGB before gAMA and cHRM",
    [pngChunk("sRGB", Buffer.of(0)), chrm(ADOBE_RGB), gama(100_000)],
    RED,
    RED,
  ],
  ["cHRM without gAMA", [chrm(ADOBE_RGB)], RED, RED],
];

describe("transformImage, of a PNG that names its colours by numbers", () => {
  it.each(SHOWN)("shows %s", async (_, chunks, levels, sRgb) => {
    for (const { specs, ...depth } of DEPTHS) {
      const original = await drawPatch({ levels, ...depth }, chunks);
      for (const spec of specs) {
        expectColor(await viewVariant(original, spec), sRgb).toBeLessThanOrEqual(3);
      }
    }
  });

  it("takes a profile before gAMA, and cICP before a profile", async () => {
    const create = { width: 16, height: 16, channels: 3, background: "rgb(200,100,50)" } as const;
    const p3 = await sharp({ create }).withIccProfile("p3").png().toBuffer();
    const insert = (chunk: Buffer): Buffer =>
      Buffer.concat([p3.subarray(0, 33), chunk, p3.subarray(33)]);
    expectColor(await viewVariant(insert(gama(100_000)), ""), [200, 100, 50]).toBeLessThan(4);
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    const linear = [...stored.subarray(0, 3)].map((level) => toSrgbLevel(level / 255));
    expectColor(await viewVariant(insert(cicp(1, 8)), ""), linear).toBeLessThan(4);
    expectColor(await viewVariant(insert(cicp(1, 13)), ""), [...stored]).toBeLessThan(2);
  });

  it("shows grey by its gamma, with alpha and with 16 bits", async () => {
    for (const { specs, ...depth } of DEPTHS) {
      for (const level of [20, 100, 200]) {
        const patch = { levels: [level, level, level], isGray: true, ...depth } as const;
        const grey = await drawPatch(patch, [chrm(ADOBE_RGB), gama(100_000)]);
        const right = toSrgbLevel(level / 255);
        for (const spec of specs) {
          const image = await viewVariant(grey, spec);
          expectColor(image, [right, right, right]).toBeLessThanOrEqual(3);
        }
      }
    }
  });

  it("converts dark grey to the level", async () => {
    for (const patch of [{ isGray: true }, { isGray: true, hasAlpha: true }]) {
      for (const level of [1, 2, 3, 5, 8]) {
        const original = await drawPatch({ levels: [level, level, level], ...patch }, [
          gama(100_000),
        ]);
        const right = toSrgbLevel(level / 255);
        expectColor(await viewVariant(original, "fl_keep_icc"), [right, right, right]).toBe(0);
      }
    }
  });

  it("keeps what is translucent, and how an image lies, when it converts grey", async () => {
    const data = Buffer.from([100, 255, 100, 128, 100, 0, 100, 255]);
    const grey = await sharp(data, { raw: { width: 4, height: 1, channels: 2 } })
      .toColourspace("b-w")
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const plain = dropPngChunks(grey, new Set([Buffer.from("iCCP").readUInt32BE()]));
    const original = insertIntoPng(Buffer.from(plain), [gama(100_000)]);
    const { bytes, width, height } = await makeVariant(original, "");
    expect([width, height]).toEqual([1, 4]);
    const raw = await sharp(bytes).ensureAlpha().raw().toBuffer();
    const [alpha, right] = [[3, 7, 15].map((at) => raw[at]), toSrgbLevel(100 / 255)];
    expect([alpha, raw[0], raw[4], raw[12]]).toEqual([[255, 128, 255], right, right, right]);
  });

  it("keeps detail in the dark of linear light with 16 bits", async () => {
    const data = new Uint16Array(3 * 64).map((_, index) => Math.floor(index / 3) * 20);
    const raw = { width: 64, height: 1, channels: 3 } as const;
    const png = await sharp(data, { raw }).toColourspace("rgb16").png().toBuffer();
    const original = Buffer.concat([png.subarray(0, 33), gama(100_000), png.subarray(33)]);
    const image = await viewVariant(original, "");
    for (let x = 0; x < 64; x += 3) {
      const right = toSrgbLevel((x * 20) / 0xff_ff);
      const [red] = image.at((x + 0.5) / 64, 0.5);
      expect(Math.abs(red - right), `${x}`).toBeLessThanOrEqual(3);
    }
  });

  it.each([
    ["a gamma of 0", [gama(0)]],
    ["a gamma that is too short", [pngChunk("gAMA", Buffer.of(0, 1, 2))]],
    ["primaries in one line", [chrm([0.3, 0.3, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3]), gama(100_000)]],
    ["primaries of 0", [chrm([0, 0, 0, 0, 0, 0, 0, 0]), gama(100_000)]],
    ["huge primaries", [chrm(Array.from({ length: 8 }, () => 20_000)), gama(100_000)]],
    ["a white without light", [chrm([0.3127, 0, ...ADOBE_RGB.slice(2)]), gama(45_455)]],
    ["cICP with reserved primaries", [cicp(3, 8)]],
    ["cICP with unspecified primaries", [cicp(2, 8)]],
    ["cICP with a reserved transfer", [cicp(12, 0)]],
    ["cICP with numbers of nothing", [cicp(255, 255, 255, 255)]],
    ["cICP with a matrix", [cicp(12, 13, 6, 1)]],
    ["cICP with a narrow range", [cicp(12, 13, 0, 0)]],
    ["cICP that is too short", [pngChunk("cICP", Buffer.of(12, 13))]],
    ["a chunk with a wrong checksum", [corrupt(gama(100_000))]],
  ])("passes over %s", async (_, chunks) => {
    const original = await drawPatch({ levels: RED }, chunks);
    expectColor(await viewVariant(original, "w_8"), RED).toBeLessThanOrEqual(1);
  });

  it.each([1, 100, 4_000_000, 0x7f_ff_ff_ff, 0xff_ff_ff_ff])(
    "shows black as black and white as white under a gamma of %i",
    async (value) => {
      for (const level of [0, 255] as const) {
        const original = await drawPatch({ levels: [level, level, level] }, [gama(value)]);
        const image = await viewVariant(original, "");
        expectColor(image, [level, level, level]).toBeLessThanOrEqual(1);
      }
    },
  );

  it("keeps the profile that stands for the numbers, and the levels", async () => {
    const original = await drawPatch({ levels: RED }, [cicp(12, 13)]);
    for (const format of ["png", "webp"] as const) {
      const { bytes } = await makeVariant(original, "fl_keep_icc.lossless,w_8", format);
      const { icc } = await sharp(bytes).metadata();
      expect(icc?.toString("latin1", 16, 20)).toBe("RGB ");
      const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
      expect([...stored.subarray(0, 3)]).toEqual(RED);
      const [r = 0, g = 0, b = 0] = await sharp(bytes).raw().toBuffer();
      expect(distance([r, g, b, 0], [218, 0, 26, 0])).toBeLessThanOrEqual(3);
    }
  });

  it("keeps no table for tones that it maps", async () => {
    const original = await drawPatch({ levels: RED }, [cicp(9, 18)]);
    const { bytes } = await makeVariant(original, "fl_keep_icc,w_8");
    expect((await sharp(bytes).metadata()).icc).toBeUndefined();
    const image = await viewVariant(original, "fl_keep_icc,w_8");
    expectColor(image, [227, 0, 15]).toBeLessThanOrEqual(3);
  });
});

function corrupt(chunk: Buffer): Buffer {
  chunk.writeUInt8(chunk.readUInt8(chunk.length - 1) ^ 1, chunk.length - 1);
  return chunk;
}

describe("transformImage, of an AVIF that names its colours by numbers", () => {
  it.each([
    [12, 13, RED, [218, 0, 26]],
    [9, 13, RED, [249, 0, 27]],
    [12, 1, ORANGE, [244, 145, 0]],
    [1, 8, RED, [200, 40, 40].map((level) => toSrgbLevel(level / 255))],
    [1, 4, RED, [201, 35, 35]],
    [1, 5, RED, [189, 17, 17]],
    [1, 7, RED, [206, 58, 58]],
    [1, 18, RED, [181, 29, 29]],
    [9, 16, [100, 100, 100], [76, 76, 76]],
    [1, 1, RED, RED],
    [2, 2, RED, RED],
    [1, 14, RED, RED],
    [0, 255, RED, RED],
    [3, 12, RED, RED],
    [65_535, 65_535, RED, RED],
  ] as const)("shows primaries %i and transfer %i", async (primaries, transfer, levels, sRgb) => {
    for (const depth of [8, 10, 12] as const) {
      const original = await drawAvifPatch(levels, [primaries, transfer], depth);
      for (const spec of ["", "w_8,flip_h", "crop_2_2_8_8"]) {
        expectColor(await viewVariant(original, spec), sRgb).toBeLessThanOrEqual(6);
      }
    }
  });

  it("takes a profile before numbers that say otherwise", async () => {
    const create = { width: 16, height: 16, channels: 3, background: "rgb(200,100,50)" } as const;
    const numbered = await drawAvifPatch(RED, [1, 8]);
    const profiled = await sharp({ create })
      .withIccProfile("p3")
      .avif({ effort: 0, quality: 100, chromaSubsampling: "4:4:4" })
      .toBuffer();
    const { icc = Buffer.of() } = await sharp(profiled).metadata();
    const both = Buffer.from(embedProfile(numbered, "avif", icc));
    const image = await viewVariant(both, "");
    expectColor(image, [218, 0, 26]).toBeLessThanOrEqual(6);
  });
});
