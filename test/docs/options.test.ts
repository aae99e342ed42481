import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DESCRIPTION_FORMATS, IMAGE_FORMATS } from "../../src/transform/formats.ts";
import type { Field, Option } from "../../src/transform/options.ts";
import { FIELDS, OPTIONS } from "../../src/transform/options.ts";
import { parseTransform, recognizeTransform } from "../../src/transform/parse.ts";
import { parsePresets } from "../../src/transform/presets.ts";
import { FLIPS, MODES, QUALITY_LEVELS } from "../../src/transform/spec.ts";
import { fillPage, listShown, PAGE_NAMES, TABLES } from "../../docs/options/tables.ts";
import { OPTION_WORDS } from "../../src/page/option-words.ts";

function readPage(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
}

describe("the tables of options", () => {
  it.each(PAGE_NAMES)("are those of the grammar in %s", (name) => {
    const text = readPage(name);
    expect(fillPage(name, text), "a table is stale: run npm run docs:options").toBe(text);
  });

  it("have each option once in docs/urls.md", () => {
    const fields = Object.values(TABLES).flatMap((table) => table.fields);
    expect(fields.toSorted()).toEqual(FIELDS.toSorted());
  });
});

const PRESETS = parsePresets({ thumb: "w_150", card: "w_300", soft: "e_blur" });

describe.each(FIELDS)("the words of %s", (field) => {
  const { text, more = text, program = text, examples } = OPTION_WORDS[field];

  it("have examples that parse, in which it stands", () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(parseTransform(example, PRESETS)).toHaveProperty(field);
    }
    const shown = listShown(field).flat();
    expect(shown.length).toBeGreaterThan(0);
    for (const example of shown) {
      const spec = recognizeTransform(example.replace(/^\w+ /, ""), PRESETS);
      expect([example, spec]).toEqual([
        example,
        expect.objectContaining({ [field]: expect.anything() }),
      ]);
    }
  });

  it("say what a number may be", () => {
    const { codec }: Option = OPTIONS[field];
    // of a time there is no need to know
    if (codec.max === undefined || field === "expires") return;
    for (const words of [text, more, program]) expect(words).toContain("RANGE");
  });
});

describe("the words of options", () => {
  const lists: Readonly<Partial<Record<Field, readonly string[]>>> = {
    mode: MODES,
    flip: FLIPS,
    quality: QUALITY_LEVELS.map((level) => `auto:${level}`),
    format: [...IMAGE_FORMATS, "auto", ...DESCRIPTION_FORMATS],
  };

  it.each(Object.entries(lists))("name all that %s may be", (field, names) => {
    const { text, program } = OPTION_WORDS[field as Field];
    for (const name of names) {
      expect(text).toContain(`\`${name}\``);
      expect(program).toContain(`"${name.replace("auto:", "")}"`);
    }
  });
});
