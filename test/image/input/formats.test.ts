import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  INPUTS,
  isImageKey,
  sniffFormat,
  sniffMediaType,
} from "../../../src/image/input/formats.ts";
import { listPackages } from "../../support/pages/packages.ts";
import { drawQuadrants } from "../../support/images.ts";
import { ftyp, latin1 } from "../../support/image/hostile.ts";

const FORMATS = Object.keys(INPUTS) as (keyof typeof INPUTS)[];

describe("INPUTS", () => {
  it("is free of packages, so that all commands may import it", () => {
    expect(listPackages("image/input/formats.ts")).toEqual([]);
  });

  it.each(FORMATS)("knows a %s by its bytes alone, and no other row does", async (format) => {
    const bytes = await drawQuadrants(40, 20).toFormat(format).toBuffer();
    const start = bytes.subarray(0, 512).toString("latin1");
    expect(FORMATS.filter((name) => INPUTS[name].matches(start))).toEqual([format]);
    expect(sniffMediaType(bytes)).toBe(`image/${format}`);
  });
});

describe("isImageKey", () => {
  it.each(["a.jpg", "a.JPEG", "b/c.d.png", "a.webp", "a.gif", "x/.avif"])("takes %s", (key) => {
    expect(isImageKey(key)).toBe(true);
  });

  it.each(["a", "jpg", "a.jpg/b", "a.jpgx", "a.svg", "a.", "a.jpg.txt", ""])("leaves %s", (key) => {
    expect(isImageKey(key)).toBe(false);
  });
});

describe("sniffFormat", () => {
  it.each<[string | undefined, Uint8Array]>([
    ["jpeg", latin1("\xff\xd8\xff\xe0")],
    ["png", latin1("\x89PNG\r\n\x1a\n")],
    ["gif", latin1("GIF87a")],
    ["gif", latin1("GIF89a")],
    ["webp", latin1("RIFF\x01\x02\x03\x04WEBPVP8 ")],
    [undefined, latin1("II*\0")],
    [undefined, latin1("MM\0*")],
    [undefined, latin1("BM\x46\0\0\0")],
    [undefined, latin1("%PDF-1.7\n")],
    [undefined, latin1("8BPS\0\x01")],
    [undefined, latin1("\xff\x0a")],
    [undefined, latin1("\0\0\0\x0cJXL \r\n\x87\n")],
    [undefined, latin1("\0\0\x01\0\x01\0")],
    [undefined, latin1("<svg xmlns='http://www.w3.org/2000/svg'/>")],
    [undefined, latin1('<?xml version="1.0"?><svg/>')],
    [undefined, latin1("\n\t <SVG/>")],
    [undefined, Buffer.from('\ufeff<?xml version="1.0"?>\n<svg/>')],
    [undefined, latin1('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">')],
    ["avif", ftyp("avif")],
    ["avif", ftyp("avis")],
    ["avif", ftyp("mif1", ["miaf", "avif"])],
    [undefined, ftyp("heic", ["mif1"])],
    [undefined, ftyp("heix")],
    [undefined, ftyp("hevc")],
    [undefined, ftyp("mif1", ["heic"])],
    [undefined, ftyp("msf1", ["hevc"])],
    [undefined, ftyp("isom", ["mp42"])],
    [undefined, latin1("")],
    [undefined, latin1("\xff\xd8")],
    [undefined, latin1("\x89PN")],
    [undefined, latin1("RIFF\x01\x02\x03\x04WAVE")],
    [undefined, latin1("hello, world")],
    [undefined, latin1("<!doctype html><html><svg></svg></html>")],
    [undefined, latin1("GIF88a")],
    [undefined, new Uint8Array(1000)],
  ])("says %s", (expected, bytes) => {
    expect(sniffFormat(bytes)).toBe(expected);
  });

  it("looks for brands no further than their box reaches", () => {
    expect(sniffFormat(Buffer.concat([ftyp("isom", ["mp42"]), latin1("avif")]))).toBeUndefined();
  });

  it("reads any bytes without failing", () => {
    const box = fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => Buffer.from([0, 0, 0, 24, ...latin1("ftyp"), ...bytes]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), box), (bytes) => {
        expect([undefined, "string"]).toContain(
          typeof sniffFormat(bytes) === "string" ? "string" : undefined,
        );
      }),
    );
  });
});
