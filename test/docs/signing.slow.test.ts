import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSigner } from "../../src/sign.ts";
import { splitTarget } from "../../src/url/path.ts";

const PAGE = readFileSync(new URL("../../docs/signing.md", import.meta.url), "utf8");
const SECRET = "0123456789abcdef0123456789abcdef";

/** Language of a block, the file that it is written to, and the command that runs it. */
const LANGUAGES: readonly (readonly [
  language: string,
  file: string,
  command: readonly string[],
])[] = [
  ["js", "sign.mjs", ["node"]],
  ["php", "sign.php", ["php"]],
  ["ruby", "sign.rb", ["ruby"]],
  ["python", "sign.py", ["python3"]],
  ["go", "sign.go", ["go", "run"]],
  ["java", "Sign.java", ["java"]],
  ["csharp", "sign.cs", ["dotnet", "run"]],
  ["sh", "sign.sh", ["sh"]],
];

function isInstalled(command: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
}

function findBlock(language: string): string {
  const [, text = ""] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "m").exec(PAGE) ?? [];
  return text;
}

describe("the programs of docs/signing.md", () => {
  it("have a runner each", () => {
    const languages = [...PAGE.matchAll(/^```(\w+)$/gm)].map(([, language = ""]) => language);
    expect(languages.filter((one) => one !== "ts")).toEqual(
      expect.arrayContaining(LANGUAGES.map(([language]) => language)),
    );
    expect(languages).toHaveLength(LANGUAGES.length + 1);
  });

  for (const [language, file, [command = "", ...args]] of LANGUAGES) {
    it.skipIf(!isInstalled(command))(
      `print a path that the service accepts: ${language}`,
      () => {
        const folder = mkdtempSync(join(tmpdir(), "shift-media-"));
        try {
          writeFileSync(join(folder, file), findBlock(language));
          const env = { ...process.env, SECRET };
          const printed = execFileSync(command, [...args, file], { cwd: folder, env });
          const { signature, path } = splitTarget(printed.toString().trim());
          expect(path).toMatch(/^w_300,h_200\/photos\/(?:a b|cat)\.jpg$/);
          expect(signature).toBe(createSigner(SECRET)(path));
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
      60_000,
    );
  }
});
