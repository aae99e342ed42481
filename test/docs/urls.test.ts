import { readdirSync, readFileSync } from "node:fs";
import type { OutputInfo } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  drawOriginals,
  FOLDER,
  listImages,
  makeImage,
  SCREENSHOT,
  STRIP,
} from "../../docs/make-images.ts";
import { DESCRIPTION_FORMATS } from "../../src/transform/formats.ts";
import { FIELDS } from "../../src/transform/options.ts";
import { parseTransform, recognizeTransform } from "../../src/transform/parse.ts";
import { COMPASS_POINTS, MODES, QUALITY_LEVELS } from "../../src/transform/spec.ts";
import { nameImage } from "../../docs/options/tables.ts";
import { codeIn, PAGE, rowsOf, under } from "../support/pages/page.ts";

interface Shown {
  readonly caption: string | undefined;
  readonly spec: string;
  readonly file: string;
}

/** All images of the page: `caption`<br>![spec](file). */
const SHOWN: readonly Shown[] = [
  ...PAGE.matchAll(/(?:`([^`]+)`<br>)?!\[([^\]]*)\]\(images\/([^)]*)\)/g),
].map(([, caption, spec = "", file = ""]) => ({ caption, spec, file }));

/** The files that the page shows; the README shows the others. */
const KEPT = readdirSync(FOLDER).filter((name) => name !== SCREENSHOT && name !== STRIP);

function fieldsShown(): ReadonlySet<string> {
  return new Set(SHOWN.flatMap(({ spec }) => Object.keys(parseTransform(spec))));
}

describe("the images of docs/urls.md", () => {
  it("are all shown", () => {
    const shown = listImages(PAGE).map(({ file }) => file);
    const kept = KEPT.toSorted();
    expect(kept, "an image is missing or too many: run npm run docs:images").toEqual(
      shown.toSorted(),
    );
  });

  it("are named by what they show, and captioned by it or a part of it", () => {
    for (const { caption, spec, file } of SHOWN) {
      const [original = ""] = file.split("-");
      expect(file).toBe(nameImage(original, spec));
      expect(recognizeTransform(spec), spec).toBeDefined();
      const pieces = spec.split(",");
      expect(pieces).toEqual(expect.arrayContaining((caption ?? spec).split(",")));
    }
  });

  it("show every mode, every gravity, and every option that can be seen", () => {
    const modes = SHOWN.map(({ spec }) => parseTransform(spec).mode);
    expect(new Set(modes)).toEqual(new Set([...MODES, undefined]));
    const gravities = SHOWN.map(({ spec }) => parseTransform(spec).gravity);
    const words = [...COMPASS_POINTS, "auto", "entropy"];
    expect(gravities).toEqual(expect.arrayContaining([...words, { x: 0.3, y: 0.4 }]));
    const unseen = ["attachment", "keepIcc", "lossless", "progressive", "version", "dpr"];
    const unseenToo = ["animated", "presets", "expires"];
    const isSeen = (field: string): boolean => ![...unseen, ...unseenToo].includes(field);
    expect(fieldsShown()).toEqual(new Set(FIELDS.filter(isSeen)));
  });

  it("are small", () => {
    const sizes = KEPT.map((name) => readFileSync(new URL(name, FOLDER)).length);
    expect(Math.max(...sizes)).toBeLessThan(10_000);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(300_000);
    for (const name of [SCREENSHOT, STRIP]) {
      expect(readFileSync(new URL(name, FOLDER)).length).toBeLessThan(200_000);
    }
  });

  it.each([
    ["small", "w_150,h_150,c_pad,b_silver"],
    ["logo", "b_navy,f_webp"],
  ])("are what the pipeline makes of %s by %s", async (original, spec) => {
    const bytes = (await drawOriginals())[original] ?? Buffer.of();
    const made = await decode(await makeImage(bytes, spec));
    const kept = await decode(readFileSync(new URL(nameImage(original, spec), FOLDER)));
    expect(made.info).toMatchObject({ width: kept.info.width, height: kept.info.height });
    // encoders may have become better since
    const distance = made.data.reduce(
      (sum, level, at) => sum + Math.abs(level - Number(kept.data[at])),
      0,
    );
    expect(distance / made.data.length).toBeLessThan(2);
  });
});

function decode(bytes: Uint8Array): Promise<{ readonly data: Buffer; readonly info: OutputInfo }> {
  return sharp(bytes).raw().toBuffer({ resolveWithObject: true });
}

describe("the options of docs/urls.md", () => {
  it("have every description", () => {
    for (const format of DESCRIPTION_FORMATS) {
      expect(under("Descriptions")).toContain(`\`f_${format}\``);
    }
  });

  it("have the qualities that the page says", async () => {
    const { small = Buffer.of() } = await drawOriginals();
    const rows = rowsOf(under("Format, quality, flags, version")).filter(([name]) =>
      name?.startsWith("`auto:"),
    );
    expect(rows).toHaveLength(QUALITY_LEVELS.length);
    for (const [name, ...qualities] of rows) {
      for (const [index, format] of ["jpg", "webp", "avif"].entries()) {
        const [level] = codeIn(name);
        const meant = await makeImage(small, `f_${format},q_${qualities[index]}`);
        expect(await makeImage(small, `f_${format},q_${level}`)).toEqual(meant);
      }
    }
  });
});
