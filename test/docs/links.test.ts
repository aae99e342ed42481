import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { listDefaults } from "../../src/config/config.ts";

const ROOT = new URL("../../", import.meta.url);

const PAGES: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(new URL("docs/", ROOT), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Of others, and of files that bring their own. */
const FOREIGN: readonly string[] = [
  "NODE_ENV",
  // the Worker's own, and those of compose.yaml
  "ORIGIN_URL",
  "ORIGIN_SECRET",
  "ORIGIN_TIMEOUT_MS",
  "MISS_LIMIT",
  "VARIANTS_BUCKET",
  "ORIGINALS_BUCKET",
  "S3_ACCESS_KEY",
  "S3_SECRET_KEY",
  // of Node, sharp and the linker
  "NODE_EXTRA_CA_CERTS",
  "SHARP_FORCE_GLOBAL_LIBVIPS",
  "LD_PRELOAD",
  // no variable, but four numbers
  "X_Y_W_H",
];

/** Links and images: [text](target), and what they lead to. */
function targetsIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The names that GitHub gives headings in links. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function isBroken(page: string, target: string): boolean {
  const url = new URL(target, new URL(page, ROOT));
  if (url.protocol !== "file:") return false;
  if (!existsSync(fileURLToPath(new URL(url.pathname, ROOT)))) return true;
  if (url.hash === "") return false;
  return !anchorsOf(readFileSync(fileURLToPath(url), "utf8")).has(
    decodeURIComponent(url.hash.slice(1)),
  );
}

describe("the pages", () => {
  it.each(PAGES)("lead somewhere: %s", (page) => {
    const targets = targetsIn(readFileSync(new URL(page, ROOT), "utf8"));
    expect(targets.filter((target) => isBroken(page, target))).toEqual([]);
  });

  it("have links that are found, and a broken one would be seen", () => {
    const all = PAGES.flatMap((page) => targetsIn(readFileSync(new URL(page, ROOT), "utf8")));
    expect(all.length).toBeGreaterThan(100);
    expect(isBroken("docs/setup.md", "nowhere.md")).toBe(true);
    expect(isBroken("docs/setup.md", "purging.md#nothing-of-the-kind")).toBe(true);
  });

  it("name files of the project that are there", () => {
    const files = /`((?:deploy|docs|src|test|bench|samples)\/[\w./-]+\.\w+)`/g;
    const lost = PAGES.filter((page) => page !== "CHANGELOG.md").flatMap((page) => {
      const text = readFileSync(new URL(page, ROOT), "utf8");
      return [...text.matchAll(files)].flatMap(([, name = ""]) =>
        [name, `src/${name}`].every((path) => !existsSync(new URL(path, ROOT)))
          ? [`${page}: ${name}`]
          : [],
      );
    });
    expect(lost).toEqual([]);
  });

  it("name variables that are read", () => {
    const known = new Set([...Object.keys(listDefaults()), ...FOREIGN]);
    const lost = PAGES.filter((page) => page !== "CHANGELOG.md").flatMap((page) => {
      const text = readFileSync(new URL(page, ROOT), "utf8");
      return [...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])(?:=[^`]*)?`/g)].flatMap(
        ([, name = ""]) => (known.has(name) || name.startsWith("AWS_") ? [] : [`${page}: ${name}`]),
      );
    });
    expect(lost).toEqual([]);
  });
});
