import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The packages that a module of `src/` loads when it is imported, by itself or by what it imports. */
export function listPackages(module: string): readonly string[] {
  const found = new Set<string>();
  addImports(fileURLToPath(new URL(`../../../src/${module}`, import.meta.url)), found);
  return [...found].filter((name) => !name.startsWith("/"));
}

function addImports(file: string, found: Set<string>): void {
  if (found.has(file)) return;
  found.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, target = ""] of text.matchAll(
    /^(?:import|export) (?!type)(?:[^;"]+ from )?"([^"]+)";/gm,
  )) {
    if (target.startsWith(".")) addImports(join(dirname(file), target), found);
    else found.add(target);
  }
}
