import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../", import.meta.url);

interface Source {
  readonly file: string;
  readonly text: string;
}

function readFolder(folder: string): readonly Source[] {
  return readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[jt]s$/.test(name) && !name.includes("node_modules"))
    .map((name) => `${folder}${name}`)
    .map((file) => ({ file, text: readFileSync(new URL(file, ROOT), "utf8") }));
}

const SOURCES = readFolder("src/");

/** The first lines of comments, with their place. */
function listComments({ file, text }: Source): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, isLine, first] = /^\s*(?:\/\*\*?|(\/\/)) *(\S.*)/.exec(line) ?? [];
    const isContinued = isLine && /^\s*\/\//.test(lines[index - 1] ?? "");
    return first === undefined || isContinued ? [] : [`${file}:${index + 1}: ${first}`];
  });
}

function listExports({ file, text }: Source): readonly (readonly [string, string])[] {
  const declarations = /^export (?:async )?(?:function\*?|interface|type|const|class) (\w+)/gm;
  return [...text.matchAll(declarations)].map(([, name = ""]) => [name, file]);
}

describe("the words of src/", () => {
  it("have one file for each exported name", () => {
    const files = new Map<string, string[]>();
    for (const [name, file] of SOURCES.flatMap(listExports)) {
      files.set(name, [...(files.get(name) ?? []), file]);
    }
    expect(files.size).toBeGreaterThan(300);
    expect([...files].filter(([, found]) => found.length > 1)).toEqual([]);
  });

  it("name functions by verbs, and none of them after its result: sizeOf", () => {
    const names = SOURCES.flatMap(({ file, text }) =>
      [...text.matchAll(/\b(?:function|const) (\w+Of)\b/g)].map(([, name]) => `${file}: ${name}`),
    );
    expect(names).toEqual([]);
  });

  it("begin a comment with a noun or a verb", () => {
    const comments = SOURCES.flatMap(listComments);
    expect(comments.length).toBeGreaterThan(300);
    const isVague =
      /^[^:]+:\d+: (?:what|who|whoever|whatever|nobody|somebody|whether|as long as)\b/i;
    expect(comments.filter((comment) => isVague.test(comment))).toEqual([]);
  });
});
