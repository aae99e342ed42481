import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printCommand } from "../../../src/ops/setup/shell.ts";
import { chooseRuns } from "../../support/runs.ts";

const HOSTILE = [
  "$(touch /tmp/x)",
  "`id`",
  "a;b",
  "a\nb",
  "'",
  "'\\''",
  '"$HOME"',
  "\\",
  "!!",
  "~root",
  "*",
  "{a,b}",
  "",
  " ",
  "#",
  "-x",
  "a&b|c>d<e",
  "\r",
];

describe("line", () => {
  it("says to a shell each word as it is, whatever is in it", () => {
    const words = fc.array(
      fc.oneof(
        fc.constantFrom(...HOSTILE),
        fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
      ),
      { minLength: 1, maxLength: 4 },
    );
    const lists = fc.sample(words, { numRuns: chooseRuns(50, 200) });
    const commands = [HOSTILE, ...lists].map((list) => printCommand("printf", "%s\\0", ...list));
    // as a script that somebody has pasted into a file
    const said = execFileSync("sh", { input: `${commands.join("\n")}\n` }).toString();
    expect(said).toBe([HOSTILE, ...lists].map((list) => `${list.join("\0")}\0`).join(""));
  });
});
