import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

/** What a page has to load for it, minified and compressed. */
async function weigh(contents: string): Promise<number> {
  const bundle = await build({
    stdin: { contents, resolveDir: SRC },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral", // a dependency does not resolve
    target: "es2022",
    write: false,
  });
  return gzipSync(bundle.outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

describe("the package root", () => {
  it("is under 3 kB for URLs and srcset alone", async () => {
    expect(await weigh('export { buildUrl, buildSrcset } from "./index.ts"')).toBeLessThan(3072);
  });

  it("is under 8 kB in all", async () => {
    expect(await weigh('export * from "./index.ts"')).toBeLessThan(8192);
  });
});
