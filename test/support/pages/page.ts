import { readFileSync } from "node:fs";
import { loadConfig } from "../../../src/config/config.ts";
import type { Presets } from "../../../src/transform/spec.ts";

export const PAGE: string = readFileSync(new URL("../../../docs/urls.md", import.meta.url), "utf8");
const TEXTS = /PRESETS="(.*)"/.exec(PAGE)?.[1] ?? "";
/** With the presets that the page gives as an example. */
export const PRESETS: Presets = loadConfig({ PRESETS: TEXTS }).access.presets;

/** The text under a heading, up to the next one of any level. */
export function under(heading: string): string {
  const found = PAGE.split(/\n#+ /).find((section) => section.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`the page has no heading "${heading}"`);
  return found;
}

export type Row = readonly string[];

/** The line below the header of a table. */
function isRule(line = ""): boolean {
  return /^\|[| -]+$/.test(line);
}

/** The rows of all tables in a text, without their headers. */
export function rowsOf(text: string): readonly Row[] {
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  const rows = lines.filter((line, index) => !isRule(line) && !isRule(lines[index + 1]));
  return rows.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

export function codeIn(cell = ""): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

export function blockIn(section: string, language: string): string {
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(section)?.[1] ?? "";
}
