import { readdirSync, readFileSync } from "node:fs";
import type { OutputInfo } from "sharp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { drawOriginals, FOLDER, makeImage, imageName, SPECS } from "../../docs/make-images.ts";
import { getFallbackFormat, getKeyFormat } from "../../src/transform/negotiate.ts";
import type { Field } from "../../src/transform/options.ts";
import { FIELDS, OPTIONS } from "../../src/transform/options.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import { parseTransform, recognizeTransform } from "../../src/transform/parse.ts";
import type { ImageFormat } from "../../src/transform/formats.ts";
import { COMPASS_POINTS, MODES, QUALITY_LEVELS } from "../../src/transform/spec.ts";
import { DESCRIPTION_FORMATS } from "../../src/transform/formats.ts";
import type { Row } from "../support/page.ts";
import { codeIn, PAGE, rowsOf, under, PRESETS } from "../support/page.ts";

interface Shown {
  readonly caption: string | undefined;
  readonly spec: string;
  readonly file: string;
}

/** All images of the page: `caption`<br>![spec](file). */
const SHOWN: readonly Shown[] = [
  ...PAGE.matchAll(/(?:`([^`]+)`<br>)?!\[([^\]]*)\]\(images\/([^)]*)\)/g),
].map(([, caption, spec = "", file = ""]) => ({ caption, spec, file }));

function fieldsShown(): ReadonlySet<string> {
  return new Set(SHOWN.flatMap(({ spec }) => Object.keys(parseTransform(spec))));
}

/** The rows that tell of options: one for each, but for the page's other tables. */
const OPTION_ROWS = [
  "Size and mode",
  "Gravity, crop, trim",
  "Rotation and mirroring",
  "Background and corners",
  "Effects",
  "Format, quality, flags, version",
  "Only typed",
].flatMap((heading) => {
  const [table = ""] = under(heading).slice(under(heading).indexOf("| option")).split("\n\n");
  return rowsOf(table);
});

function labelOf(row: Row): string {
  return codeIn(row[0])[0]?.replace(/_$/, "") ?? "";
}

function fieldOf(row: Row): Field {
  const field = FIELDS.find((candidate) => OPTIONS[candidate].label === labelOf(row));
  if (!field) throw new Error(`${row[0]} is no option`);
  return field;
}

describe("the images of docs/urls.md", () => {
  it("are those that the script makes, and all of them are shown", () => {
    const made = Object.entries(SPECS).flatMap(([original, specs]) =>
      specs.map((spec) => imageName(original, spec)),
    );
    expect(new Set(made).size).toBe(made.length);
    expect(readdirSync(FOLDER).toSorted()).toEqual(made.toSorted());
    expect([...new Set(SHOWN.map(({ file }) => file))].toSorted()).toEqual(made.toSorted());
  });

  it("are named by what they show, and captioned by it or a part of it", () => {
    for (const { caption, spec, file } of SHOWN) {
      const [original = ""] = file.split("-");
      expect(file).toBe(imageName(original, spec));
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
    const isSeen = (field: string): boolean => ![...unseen, "presets", "expires"].includes(field);
    expect(fieldsShown()).toEqual(new Set(FIELDS.filter(isSeen)));
  });

  it("are small", () => {
    const sizes = readdirSync(FOLDER).map((name) => readFileSync(new URL(name, FOLDER)).length);
    expect(Math.max(...sizes)).toBeLessThan(10_000);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(300_000);
  });

  it.each([
    ["small", "w_150,h_150,c_pad,b_silver"],
    ["logo", "b_navy,f_webp"],
  ])("are what the pipeline makes of %s by %s", async (original, spec) => {
    const bytes = (await drawOriginals())[original] ?? Buffer.of();
    const made = await decode(await makeImage(bytes, spec));
    const kept = await decode(readFileSync(new URL(imageName(original, spec), FOLDER)));
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

function isEffect(label: string): boolean {
  return label.startsWith("e_");
}

describe("the options of docs/urls.md", () => {
  it("are those of the option table", () => {
    const labels = FIELDS.map((field) => OPTIONS[field].label);
    expect(OPTION_ROWS.map(labelOf).toSorted()).toEqual(labels.toSorted());
  });

  it("run in the order of their table, where they are effects", () => {
    const effects = FIELDS.map((field) => OPTIONS[field].label).filter(isEffect);
    expect(OPTION_ROWS.map(labelOf).filter(isEffect)).toEqual(effects);
  });

  it("have examples, in which they stand", () => {
    for (const row of OPTION_ROWS) {
      const examples = row.slice(3).flatMap(codeIn);
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        const fields = Object.keys(recognizeTransform(example, PRESETS) ?? {});
        expect([example, fields]).toEqual([example, expect.arrayContaining([fieldOf(row)])]);
      }
    }
  });

  it("have their ranges", () => {
    for (const row of OPTION_ROWS) {
      const range = /from (\S+) to (\d+)/.exec(OPTIONS[fieldOf(row)].codec.expected);
      // of a time there is no need to know
      if (range && row[0] !== "`exp_`") expect(row[1]).toContain(`${range[1]} to ${range[2]}`);
    }
  });

  it("have every mode, and every description", () => {
    const modes = rowsOf(under("Size and mode")).map(([name = ""]) => name);
    for (const mode of MODES) expect(modes).toContain(`\`c_${mode}\``);
    for (const format of DESCRIPTION_FORMATS) {
      expect(under("Descriptions")).toContain(`\`f_${format}\``);
    }
  });

  it("have the formats of extensions that the page says", () => {
    const rows = rowsOf(under("Format, quality, flags, version")).filter(([, , , more]) => !more);
    for (const [extensions, plain, fallback] of rows) {
      for (const extension of [
        ...codeIn(extensions),
        ...(extensions?.includes("none") ? [""] : []),
      ]) {
        const key = `cat${extension}`;
        expect([key, getKeyFormat(key), getFallbackFormat(key)]).toEqual([
          key,
          codeIn(plain)[0],
          codeIn(fallback)[0],
        ]);
      }
    }
    expect(rows).toHaveLength(6);
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

  it("count for the formats that the page says", () => {
    const formats = ["jpg", "png", "webp", "avif", "gif"] as const;
    const rows = rowsOf(under("What counts for which format"));
    expect(rows.length).toBeGreaterThan(4);
    for (const [option, ...cells] of rows) {
      const spec = parseTransform(codeIn(option)[0] ?? "");
      const counts = formats.map((format: ImageFormat) =>
        Object.keys(normalizeTransform(spec, format)).length > 0 ? "yes" : "–",
      );
      expect([option, ...counts]).toEqual([option, ...cells]);
    }
  });
});
