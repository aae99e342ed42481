import { describe, expect, it } from "vitest";
import type { Subject } from "../../../src/page/panels/snippets.ts";
import { SNIPPETS } from "../../../src/page/panels/snippets.ts";
import { createNextLoader } from "../../../src/frameworks/next.ts";
import { parseTransform } from "../../../src/transform/parse.ts";
import { createUrls } from "../../../src/url/urls.ts";

const BASE = "https://img.example.com";

function subject(text: string, key = "photos/a b.jpg"): Subject {
  const urls = createUrls({ baseUrl: BASE });
  return { key, spec: parseTransform(text), baseUrl: BASE, ratio: 0.5, urls };
}

describe("SNIPPETS", () => {
  it("prints the URL of the variant", () => {
    expect(SNIPPETS.URL(subject("h_200,w_300"))).toBe(`${BASE}/w_300,h_200/photos/a%20b.jpg`);
  });

  it("prints an <img> whose attributes are those of urls.img", () => {
    const given = subject("w_300,f_auto");
    const html = SNIPPETS["<img>"](given);
    const attributes = [...html.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value.trim().replaceAll(/\s+/g, " "),
    ]);
    expect(Object.fromEntries(attributes)).toEqual({
      ...Object.fromEntries(
        Object.entries(given.urls.img(given.key, { width: 300, format: "auto" })).map(
          ([name, value]) => [name, String(value)],
        ),
      ),
      alt: "a b",
    });
  });

  it("prints a <picture> with a source for each better format", () => {
    const html = SNIPPETS["<picture>"](subject("w_300"));
    expect(html.match(/type="[^"]+"/g)).toEqual(['type="image/avif"', 'type="image/webp"']);
    expect(html).toMatch(/^<picture>\n {2}<source\n[^]*<img\n[^]*<\/picture>$/);
  });

  it("escapes what would end an attribute or a shell word", () => {
    const odd = subject("w_300", `a"<'.jpg`);
    expect(SNIPPETS["<img>"](odd)).toContain('alt="a&quot;&lt;\'"');
    expect(SNIPPETS.curl(odd)).toMatch(/'https:[^']*'$/);
  });

  it("gives Next a src from which its loader makes the same variant", () => {
    const [, src = ""] =
      /src="([^"]+)"/.exec(SNIPPETS.Next(subject("w_300,h_150,g_0.3x0.7,e_blur:200,q_auto:eco"))) ??
      [];
    const loader = createNextLoader({ baseUrl: BASE });
    const { transform } = createUrls({ baseUrl: BASE }).parse(loader({ src, width: 300 }));
    expect(transform).toMatchObject({
      width: 300,
      height: 150,
      gravity: { x: 0.3, y: 0.7 },
      blur: 200,
      quality: "eco",
    });
  });

  it("writes TypeScript that makes the same URL", () => {
    const given = subject("w_300,ar_16:9,crop_0.1_0.2_0.5_0.5,g_auto,fl_lossless,f_webp");
    const [, object = ""] =
      /urls\.url\("photos\/a b\.jpg", (.*)\);$/.exec(SNIPPETS.TypeScript(given)) ?? [];
    const json = object.replaceAll(/(\w+): /g, '"$1": ');
    expect(given.urls.url(given.key, JSON.parse(json))).toBe(SNIPPETS.URL(given));
  });
});
