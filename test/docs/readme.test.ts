import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { variableDefaults } from "../../src/config/config.ts";
import { DEFAULTS, FIELDS, LABELS } from "../../src/transform/fields.ts";
import { VALUES } from "../../src/transform/options.ts";
import { parsePresets } from "../../src/transform/parse-presets.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import { MODES } from "../../src/transform/spec.ts";

function readDoc(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
}

const README = readDoc("README.md");

function sectionUnder(heading: string): string {
  return README.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

/** The rows of the tables in a text whose first cell is code: the cells of each. */
function rowsIn(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

const PRESETS = parsePresets({ thumb: "w_150", card: "w_300", soft: "e_blur" });

function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code);
}

function isMode([name = ""]: readonly string[]): boolean {
  return MODES.some((mode) => name === `\`${mode}\``);
}

describe("README", () => {
  const rows = rowsIn(sectionUnder("URLs"));
  it("has a row for every option, in canonical order, with examples that parse", () => {
    const options = rows.filter((row) => !isMode(row));
    const names = options.flatMap(([name]) => codeIn(name));
    expect(names).toEqual(
      FIELDS.map((field) =>
        /^(?:e|fl)_/.test(LABELS[field]) ? LABELS[field] : `${LABELS[field]}_`,
      ),
    );
    for (const [name, , examples] of options) {
      expect(codeIn(examples).length).toBeGreaterThan(0);
      for (const example of codeIn(examples)) {
        const [label = "?"] = codeIn(name);
        if (label.startsWith("fl_")) expect(example).toContain(label.slice(3));
        else expect(example.startsWith(label)).toBe(true);
        parseTransform(example, { presets: PRESETS });
      }
    }
  });

  it("says what each number may be", () => {
    for (const [index, [, values = ""]] of rows.filter((row) => !isMode(row)).entries()) {
      const field = FIELDS[index] ?? "width";
      const { min, max } = VALUES[field];
      if (max === undefined || field === "expires") continue;
      expect(`${field}: ${values}`).toMatch(new RegExp(`(?<![\\d.])${min} to ${max}(?!\\d)`));
      const standard = DEFAULTS[field];
      if (standard !== undefined) expect(values).toContain(`Default: ${standard}`);
    }
  });

  it("has a row for every mode", () => {
    const modes = rows.filter(isMode).flatMap(([name]) => codeIn(name));
    expect(modes.toSorted()).toEqual([...MODES].toSorted());
  });

  it("has, with the page that goes on, a row for every variable, with its default", () => {
    const variables = rowsIn(sectionUnder("Configuration") + readDoc("docs/configuration.md"));
    const defaults = variableDefaults();
    const names = variables.flatMap(([name]) => codeIn(name));
    expect(names.toSorted()).toEqual(Object.keys(defaults).toSorted());
    for (const [name, value] of variables) {
      const expected = defaults[codeIn(name)[0] ?? ""];
      if (codeIn(name)[0] === "POOL_SIZE") expect(value).toBe("number of cores");
      else if (expected === "") expect(value).toBe("–");
      else expect(codeIn(value)).toEqual([expected]);
    }
  });

  it("links to pages that are there", () => {
    for (const [, page = ""] of README.matchAll(/\]\((docs\/[\w-]+\.md)\)/g)) {
      expect(readDoc(page)).not.toBe("");
    }
  });

  it("has at most 250 lines", () => {
    expect(README.split("\n").length).toBeLessThanOrEqual(251);
  });
});
