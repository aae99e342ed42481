import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Compiles `src/` for the processes that tests start, before the first test and when files change. */
export default function setUpBuild(project: TestProject): void {
  buildWhenStale();
  project.onTestsRerun(buildWhenStale);
}

/** Types are not checked here: a test may run before they are right. */
function buildWhenStale(): void {
  const built = statSync(join(ROOT, "dist/image/child/main.js"), { throwIfNoEntry: false });
  if (built && built.mtimeMs > findLastChange()) return;
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const options = { cwd: ROOT, stdio: "inherit" } as const;
  execFileSync(tsc, ["--noCheck"], options);
  execFileSync(process.execPath, ["build.js"], options);
  execFileSync("npm", ["run", "--silent", "build:page"], options);
}

function findLastChange(): number {
  const source = join(ROOT, "src");
  const names = [
    "",
    "../tsconfig.json",
    ...readdirSync(source, { recursive: true, encoding: "utf8" }),
  ];
  return Math.max(...names.map((name) => statSync(join(source, name)).mtimeMs));
}
