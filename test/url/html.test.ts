import { describe, expect, it } from "vitest";
import { createUrls, html } from "../../src/index.ts";

const urls = createUrls({ baseUrl: "https://img.example.com" });

describe("html", () => {
  it("prints an img with its attributes, and escapes their values", () => {
    const img = urls.img('a&"b.jpg', { width: 300, layout: "fixed" });
    expect(html(img, { alt: 'a "cat" <b>', loading: "lazy", hidden: true, title: undefined })).toBe(
      `<img src="${img.src}" srcset="${img.srcset}" width="300" alt="a &quot;cat&quot; &lt;b&gt;" loading="lazy" hidden>`,
    );
  });

  it("prints a picture with its sources before the img", () => {
    const picture = urls.picture("a.jpg", { width: 300, formats: ["webp"] });
    expect(html(picture, { alt: "" })).toMatch(
      /^<picture><source type="image\/webp" srcset="[^"]+" sizes="[^"]+"><img src="[^"]+" srcset="[^"]+" sizes="[^"]+" width="300" alt=""><\/picture>$/,
    );
  });

  it.each(['a"b', "a b", "a>b", "", "1"])("refuses an attribute called %j", (name) => {
    expect(() => html(urls.img("a.jpg"), { [name]: "x" })).toThrow("an attribute must have a name");
  });
});
