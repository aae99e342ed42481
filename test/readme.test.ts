import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { variableDefaults } from "../src/config.ts";
import { FIELDS, OPTIONS } from "../src/transform/options.ts";
import { parseTransform } from "../src/transform/parse.ts";
import { MODES } from "../src/transform/spec.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The rows of the table under a heading: the cells of each, without their backticks. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = README.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code);
}

describe("README", () => {
  it("has a row for every option, in canonical order, with examples that parse", () => {
    const rows = rowsUnder("URLs").filter(([name = ""]) => name.includes("_"));
    const names = rows.flatMap(([name]) => codeIn(name));
    expect(names).toEqual(FIELDS.map((field) => `${OPTIONS[field].name}_`));
    for (const [name, , examples] of rows) {
      for (const example of codeIn(examples)) {
        expect(example.startsWith(codeIn(name)[0] ?? "?")).toBe(true);
        expect(Object.keys(parseTransform(example))).toHaveLength(1);
      }
    }
  });

  it("has a row for every mode", () => {
    const modes = rowsUnder("URLs").flatMap(([name]) =>
      codeIn(name).filter((code) => !code.includes("_")),
    );
    expect(modes.toSorted()).toEqual([...MODES].toSorted());
  });

  it("has a row for every variable, with its default", () => {
    const rows = rowsUnder("Configuration");
    const defaults = variableDefaults();
    expect(new Set(rows.flatMap(([name]) => codeIn(name)))).toEqual(new Set(Object.keys(defaults)));
    for (const [name, value] of rows) {
      const expected = defaults[codeIn(name)[0] ?? ""];
      if (codeIn(name)[0] === "POOL_SIZE") expect(value).toBe("number of cores");
      else if (expected === "") expect(value).toBe("–");
      else expect(codeIn(value)).toEqual([expected]);
    }
  });

  it("has at most 250 lines", () => {
    expect(README.split("\n").length).toBeLessThanOrEqual(251);
  });
});
