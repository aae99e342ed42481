import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const FOLDER = new URL("../../dist/page/", import.meta.url);

describe("the page", () => {
  it("has at most 60 kB, compressed", () => {
    const sizes = readdirSync(FOLDER).map((name) => {
      const bytes = readFileSync(new URL(name, FOLDER));
      return [name, gzipSync(bytes, { level: 9 }).length] as const;
    });
    expect(sizes.map(([name]) => name)).toEqual(expect.arrayContaining(["index.html", "main.js"]));
    const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(total, JSON.stringify(sizes)).toBeLessThanOrEqual(60_000);
  });
});
