import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

interface Bundle {
  /** Minified and compressed, as a page loads it. */
  readonly bytes: number;
  /** The largest parts, minified, which the failure names. */
  readonly parts: string;
}

async function bundle(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: SRC },
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    platform: "neutral", // a dependency does not resolve
    target: "es2022",
    write: false,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const sizes = inputs.map(([name, { bytesInOutput }]) => ({ name, bytes: bytesInOutput }));
  const parts = sizes
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 12)
    .map(({ name, bytes }) => `${bytes} ${name}`);
  const [file] = outputFiles;
  return {
    bytes: gzipSync(file?.contents ?? "", { level: 9 }).length,
    parts: `bytes, minified, of the largest parts:\n${parts.join("\n")}`,
  };
}

describe("the package root", () => {
  it("is at most 5 kB for buildUrl and buildSrcset alone", async () => {
    const { bytes, parts } = await bundle('export { buildUrl, buildSrcset } from "./index.ts"');
    expect(bytes, parts).toBeLessThanOrEqual(5 * 1024);
  });

  it("is at most 10 kB in all", async () => {
    const { bytes, parts } = await bundle('export * from "./index.ts"');
    expect(bytes, parts).toBeLessThanOrEqual(10 * 1024);
  });
});
