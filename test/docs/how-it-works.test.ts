import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { codeIn, rowsOf } from "../support/pages/page.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE = readFileSync(new URL("docs/how-it-works.md", ROOT), "utf8");
const TABLES = PAGE.split(/\n\n(?=\| )/).slice(1);

function findTable(heading: string): readonly (readonly string[])[] {
  const table = TABLES.find((text) => text.startsWith(`| ${heading}`));
  if (table === undefined) throw new Error(`the page has no table of ${heading}`);
  return rowsOf(table.split("\n\n")[0] ?? "");
}

describe("the steps of docs/how-it-works.md", () => {
  const steps = findTable("step");

  it("are all in the table", () => {
    const numbers = steps.flatMap(([step = ""]) => {
      const [, first, last = first] = /^(\d+)(?:–(\d+))?/.exec(step) ?? [];
      return first === undefined ? [] : [Number(first), Number(last)];
    });
    for (let step = 1; step <= 10; step += 1) expect(numbers).toContain(step);
  });

  it.each(steps)("are where it says: %s in %s", (_, file, name) => {
    const [path = ""] = codeIn(file);
    expect([path, existsSync(new URL(path, ROOT))]).toEqual([path, true]);
    expect(codeIn(name)).toHaveLength(1);
    const text = readFileSync(new URL(path, ROOT), "utf8");
    const declared = [...text.matchAll(/\b(?:function|class|const) (\w+)/g)].map(
      ([, found]) => found,
    );
    expect(declared).toContain(codeIn(name)[0]);
  });
});

describe("the folders of docs/how-it-works.md", () => {
  it("are all of src/, in the words of their own pages", () => {
    const entries = readdirSync(new URL("src/", ROOT), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const rows = folders.toSorted().map((name) => {
      const page = readFileSync(new URL(`src/${name}/README.md`, ROOT), "utf8");
      return [`\`${name}\``, page.split("\n")[0]];
    });
    expect(findTable("folder")).toEqual(rows);
  });
});
