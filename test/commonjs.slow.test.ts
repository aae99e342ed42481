import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PROGRAM = `
  import { createUrls, MediaError, type Transform } from "shift-media";
  import { createSigner } from "shift-media/sign";
  const transform: Transform = { width: 300 };
  const sign = createSigner("0123456789abcdef");
  console.log(createUrls({ baseUrl: "", sign }).url("a.jpg", transform), MediaError.name);
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shift-media-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "shift-media"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("can be required, without a warning", () => {
    const program = `
      const { createUrls } = require("shift-media");
      const { createSigner } = require("shift-media/sign");
      const sign = createSigner("0123456789abcdef");
      console.log(createUrls({ baseUrl: "", sign }).url("a.jpg", { width: 3 }));
    `;
    const options = { cwd: folder, encoding: "utf8", stdio: "pipe" } as const;
    const printed = execFileSync("sh", ["-c", 'node -e "$0" 2>&1', program], options);
    expect(printed).toMatch(/^\/s--[\w-]+--\/w_3\/a\.jpg\n$/);
  });

  it.each([
    ["cts", "node16", "node16"],
    ["cts", "nodenext", "nodenext"],
    ["mts", "node16", "node16"],
    ["mts", "esnext", "bundler"],
  ])("has types for .%s under module %s, resolved as %s", (extension, module, resolution) => {
    const file = join(folder, `program.${extension}`);
    writeFileSync(file, PROGRAM);
    const args = ["--module", module, "--moduleResolution", resolution, "--target", "es2022"];
    const libraries = ["--lib", "es2022,dom", "--types", "node", "--typeRoots"];
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const roots = join(ROOT, "node_modules/@types");
    const all = [...args, ...libraries, roots, "--noEmit", "--strict", "--preserveSymlinks", file];
    expect(() => execFileSync(tsc, all, { cwd: folder, stdio: "pipe" })).not.toThrow();
  });
});
