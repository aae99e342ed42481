import { deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { dropPngChunks, PNG_TEXT } from "../../../src/image/input/png.ts";
import { decode, drawQuadrants, readGrid } from "../../support/images.ts";
import { insertIntoPng, latin1, pngChunk } from "../../support/image/hostile.ts";

const png = await drawQuadrants(40, 20).png().toBuffer();
const gamma = pngChunk("gAMA", Uint8Array.of(0, 0, 0xb1, 0x8f));
const words = pngChunk("tEXt", latin1("Comment\0hello"));
const end = png.length - 12;

function drop(bytes: Uint8Array): Buffer {
  return Buffer.from(dropPngChunks(new Uint8Array(bytes), PNG_TEXT));
}

describe("dropPngChunks", () => {
  it("gives back the very bytes where there is no text", () => {
    expect(dropPngChunks(png, PNG_TEXT)).toBe(png);
  });

  it.each(["tEXt", "zTXt", "iTXt"])("drops %s wherever it stands, and nothing else", (type) => {
    const text = pngChunk(type, latin1("Comment\0\0\0\0\0hello"));
    const before = insertIntoPng(png, [text, gamma, text, text]);
    const original = Buffer.concat([before.subarray(0, -12), text, before.subarray(-12), text]);
    expect(drop(original).equals(insertIntoPng(png, [gamma]))).toBe(true);
  });

  it.each([
    ["a chunk that is cut off", png.subarray(0, end - 5), true],
    [
      "a chunk longer than the file",
      Buffer.concat([png.subarray(0, 33), latin1("\x7f\xff\xff\xffIDAT1234"), words]),
      false,
    ],
    [
      "garbage after the end",
      Buffer.concat([png, latin1("garbage that is no chunk at all")]),
      true,
    ],
    ["a lone signature", png.subarray(0, 8), true],
  ])("leaves %s as it is", (_, bytes) => {
    expect(drop(bytes).equals(bytes)).toBe(true);
    const withText = insertIntoPng(bytes.length > 33 ? bytes : png, [words]);
    expect(drop(withText).equals(bytes.length > 33 ? bytes : png)).toBe(true);
  });

  it("does not write into the bytes it is given", () => {
    const original = insertIntoPng(png, [words, words]);
    const copy = Buffer.from(original);
    dropPngChunks(original, PNG_TEXT);
    expect(original).toEqual(copy);
  });

  it("drops bombs that libpng would inflate one by one", async () => {
    const bomb = latin1("Comment\0\0");
    const text = pngChunk("zTXt", Buffer.concat([bomb, deflateSync(Buffer.alloc(49_000_000))]));
    const original = insertIntoPng(
      png,
      Array.from({ length: 40 }, () => text),
    );
    expect(original.length).toBeGreaterThan(1_000_000);
    const bytes = drop(original);
    expect(bytes.equals(png)).toBe(true);
    expect(readGrid(await decode(bytes))).toBe("RG/BY");
    expect((await sharp(bytes).metadata()).comments).toBeUndefined();
  });

  it("looks at each of a million empty chunks once", () => {
    const bytes = new Uint8Array(8 + 12_000_000);
    let looks = 0;
    const types = new Set<number>();
    types.has = () => {
      looks += 1;
      return false;
    };
    expect(dropPngChunks(bytes, types)).toBe(bytes);
    expect(looks).toBe(1_000_000);
  });

  it("takes any bytes without failing, and never gives more than it got", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(words, gamma), fc.uint8Array({ maxLength: 20 }))),
        (parts) => {
          const bytes = new Uint8Array(Buffer.concat([png.subarray(0, 8), ...parts]));
          expect(dropPngChunks(bytes, PNG_TEXT).length).toBeLessThanOrEqual(bytes.length);
        },
      ),
    );
  });
});
