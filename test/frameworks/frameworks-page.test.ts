import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { createUrls, html } from "../../src/index.ts";
import { transform } from "../../src/frameworks/unpic.ts";

const PAGE = readFileSync(new URL("../../docs/frameworks.md", import.meta.url), "utf8");
const BASE = "https://media.example.com";
const media = createUrls({ baseUrl: BASE, defaults: { format: "auto" } });

/** Runs the sample that has a text in it, and gives one of its values. */
function runSample(mark: string, name: string): unknown {
  const samples = [...PAGE.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
  const sample = samples.find((code) => code.includes(mark)) ?? "";
  const script = sample.replaceAll(/^import .*$/gm, "").replaceAll(/^export /gm, "");
  const { code } = transformSync(script, { loader: "ts" });
  const scope = { media, html, transform, IMAGE_LOADER: "loader" };
  // oxlint-disable-next-line typescript/no-implied-eval -- the page is ours
  const run = new Function(...Object.keys(scope), `${code}\nreturn ${name};`) as (
    ...values: readonly unknown[]
  ) => unknown;
  return run(...Object.values(scope));
}

type Loader = (config: Readonly<Record<string, unknown>>) => string;

describe("the Angular loader of docs/frameworks.md", () => {
  const load = runSample("IMAGE_LOADER", "loadImage") as Loader;

  it.each([
    [{ width: 640 }, "/w_640,f_auto/a.jpg"],
    [{}, "/f_auto/a.jpg"],
    [{ width: 640, height: 360 }, "/w_640,h_360,f_auto/a.jpg"],
    [{ width: 640, height: undefined }, "/w_640,f_auto/a.jpg"],
    [
      { width: 640, height: 360, loaderParams: { aspectRatio: "16:9" } },
      "/w_640,h_360,f_auto/a.jpg",
    ],
    [{ width: 640, loaderParams: { aspectRatio: "16:9" } }, "/w_640,h_360,f_auto/a.jpg"],
    [{ width: 640, loaderParams: { height: 300 } }, "/w_640,h_300,f_auto/a.jpg"],
    [{ loaderParams: { width: 300, gravity: "north" } }, "/w_300,f_auto/a.jpg"],
    [
      { width: 640, height: 360, loaderParams: { sepia: 60 } },
      "/w_640,h_360,e_sepia:60,f_auto/a.jpg",
    ],
  ])("takes %j", (config, path) => {
    expect(load({ src: "a.jpg", ...config })).toBe(BASE + path);
    expect(load({ src: "/a.jpg", ...config })).toBe(BASE + path);
  });

  it("leaves images alone that are somewhere else", () => {
    for (const src of ["https://other.example/a.jpg", "//other.example/a.jpg", "data:image/png,"]) {
      expect(load({ src, width: 640, height: 360 })).toBe(src);
      expect(load({ src, width: 30, isPlaceholder: true })).toBe(src);
    }
  });

  it("has the placeholder of the package root", () => {
    const src = "a.jpg";
    expect(load({ src, width: 30, isPlaceholder: true })).toBe(media.placeholder(src));
  });
});

describe("the HTML of docs/frameworks.md", () => {
  it("has the attributes that there are", () => {
    const tag = String(runSample("html(image", "tag"));
    const names = [...tag.matchAll(/ ([a-z]+)="[^"]+"/g)].map(([, name]) => name);
    const expected = ["src", "srcset", "sizes", "width", "height", "alt", "loading"];
    expect(new Set(names)).toEqual(new Set(expected));
    expect(tag).toMatch(/^<img src="https:[^>]+>$/);
    expect(tag).toContain("w_800,h_450,f_auto/photos/cat.jpg");
  });
});

describe("docs/frameworks.md", () => {
  it("names one variable for secrets, and one file for its URLs", () => {
    expect(new Set(PAGE.match(/process\.env\.\w+/g))).toEqual(
      new Set(["process.env.SIGNING_SECRETS"]),
    );
    expect(PAGE.match(/from "\.\.?\/media[^"]+"/g)).toBeNull();
  });
});
