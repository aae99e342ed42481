import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { codeIn, rowsOf } from "../support/pages/page.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE = readFileSync(new URL("CONTRIBUTING.md", ROOT), "utf8");
const [, GLOSSARY = ""] = PAGE.split("\n## Glossary\n");

const SOURCE = readdirSync(new URL("src/", ROOT), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(new URL(`src/${name}`, ROOT), "utf8"))
  .join("\n");

describe("CONTRIBUTING.md", () => {
  it("names commands that npm runs", () => {
    const { scripts } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const commands = [...PAGE.matchAll(/\bnpm (?:run ([\w:]+)|test\b)/g)];
    const names = commands.map(([, name = "test"]) => name);
    expect(names.length).toBeGreaterThan(6);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names));
  });
});

describe("the glossary of CONTRIBUTING.md", () => {
  const rows = rowsOf(GLOSSARY);

  it("has about forty terms, each of them once", () => {
    const terms = rows.map(([term]) => term);
    expect(new Set(terms).size).toBe(terms.length);
    expect(terms.length).toBeGreaterThan(35);
    expect(terms.length).toBeLessThan(65);
  });

  it.each(rows)("calls %s what the code calls it", (_, name) => {
    const lost = codeIn(name).filter((code) => !new RegExp(`\\b${code}`).test(SOURCE));
    expect(lost).toEqual([]);
  });
});
