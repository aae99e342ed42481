import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface Source {
  readonly file: string;
  readonly text: string;
}

const SOURCES: readonly Source[] = ["src", "bench", "test", "tools"]
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes("node_modules"))
      .map((name) => {
        const file = join(folder, name);
        return { file, text: readFileSync(join(ROOT, file), "utf8") };
      }),
  );

const DECLARATION =
  /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|interface|type|const|let|class) +([A-Za-z_$][\w$]*)/gm;

/** The first line of each comment; a line that goes on from the comment above it is none. */
function* firstLines({ file, text }: Source): Generator<string> {
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const [, words] =
      /^\s*(?:\/\*\*?|\/\/)\s*(\w.*)$/.exec(line) ??
      (/^\s*\/\*\*$/.test(line) ? /^\s*\*\s*(\w.*)$/.exec(lines[index + 1] ?? "") : null) ??
      [];
    const goesOn = /^\s*\/\//.test(line) && /^\s*\/\//.test(lines[index - 1] ?? "");
    if (words !== undefined && !goesOn) yield `${file}:${index + 1}: ${words}`;
  }
}

describe("the words of the code", () => {
  it("are names that only one file of src/ exports", () => {
    const places = new Map<string, string[]>();
    for (const { file, text } of SOURCES) {
      if (!file.startsWith("src")) continue;
      for (const [, name = ""] of text.matchAll(DECLARATION)) {
        places.set(name, [...(places.get(name) ?? []), file]);
      }
    }
    const twice = [...places].filter(([, files]) => files.length > 1);
    expect(twice.map(([name, files]) => `${name}: ${files.join(", ")}`)).toEqual([]);
  });

  it("name functions by verbs, and not by what they are of", () => {
    const names = SOURCES.filter(({ file }) => file.startsWith("src")).flatMap(({ file, text }) =>
      [...text.matchAll(/(?:function|const) (\w+Of)\b/g)].map(([, name]) => `${file}: ${name}`),
    );
    expect(names).toEqual([]);
  });

  it("begin comments with a noun or a verb", () => {
    const riddles = SOURCES.flatMap((source) => [...firstLines(source)]).filter((line) =>
      /^[^:]+:\d+: (?:What|Who|Whoever|Whatever|Nobody|Somebody|Whether|As long as|So much|So many)\b/i.test(
        line,
      ),
    );
    expect(riddles).toEqual([]);
  });
});
