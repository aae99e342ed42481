import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { listDefaults } from "../../src/config/config.ts";

function readDoc(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
}

const README = readDoc("README.md");

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

function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code);
}

/** The lines of a page that a person reads as text: no tables, no code. */
function proseIn(text: string): readonly string[] {
  const withoutCode = text.replaceAll(/^```[^]*?^```$/gm, "");
  return withoutCode.split("\n").filter((line) => !line.startsWith("|"));
}

describe("README", () => {
  it("has at most 150 lines, lines of text of at most 120 characters, and rows of at most 160", () => {
    expect(README.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
    expect(proseIn(README).length).toBeGreaterThan(50);
    expect(proseIn(README).filter((line) => line.length > 120)).toEqual([]);
    const rows = README.split("\n").filter((line) => line.startsWith("|"));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((line) => line.length > 160)).toEqual([]);
  });
});

describe("the variables", () => {
  const defaults = listDefaults();
  const all = rowsIn(readDoc("docs/configuration.md"));

  it("have a row each in docs/configuration.md", () => {
    const names = all.flatMap(([name]) => codeIn(name));
    expect(names.toSorted()).toEqual(Object.keys(defaults).toSorted());
  });

  it.each(all)("have their default in the row of %s", (name, value) => {
    const [variable = ""] = codeIn(name);
    const expected = defaults[variable];
    if (variable === "POOL_SIZE") expect(value).toBe("number of cores");
    else if (expected === "") expect(value).toBe("–");
    else expect(codeIn(value)).toEqual([expected]);
  });
});
