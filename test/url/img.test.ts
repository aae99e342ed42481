import { describe, expect, it } from "vitest";
import { buildSrcset, createUrls } from "../../src/index.ts";

const baseUrl = "https://img.example.com";
const urls = createUrls({ baseUrl, defaults: { format: "auto" } });

/** The options and the descriptor of each candidate. */
function read(srcset: string): readonly string[] {
  return srcset.split(", ").map((candidate) => {
    const [url = "", descriptor] = candidate.split(" ");
    return `${url.slice(baseUrl.length + 1).split("/")[0]} ${descriptor}`;
  });
}

describe("srcset", () => {
  it("has a candidate for each width, in the ratio of two sides", () => {
    const transform = { width: 300, height: 200, format: "webp" } as const;
    const srcset = urls.srcset("a.jpg", transform, { widths: [300, 600] });
    expect(read(srcset)).toEqual(["w_300,h_200,f_webp 300w", "w_600,h_400,f_webp 600w"]);
    expect(buildSrcset("a.jpg", transform, { baseUrl, widths: [300, 600] })).toBe(srcset);
  });

  it("has a candidate for each pixel ratio", () => {
    const srcset = urls.srcset("a.jpg", { width: 100, radius: 10 }, { densities: [1, 1.5, 2] });
    expect(read(srcset)).toEqual([
      "w_100,r_10,f_auto 1x",
      "w_150,r_15,f_auto 1.5x",
      "w_200,r_20,f_auto 2x",
    ]);
  });
});

describe("img", () => {
  it("offers common widths up to twice that of the page", () => {
    const { src, srcset, ...rest } = urls.img("a.jpg", { width: 500, aspectRatio: "5:4" });
    expect(src).toBe(`${baseUrl}/w_500,h_400,f_auto/a.jpg`);
    expect(read(srcset).map((candidate) => candidate.split(" ")[1])).toEqual(
      ["320w", "480w", "500w", "640w", "750w", "828w", "1000w"], //
    );
    expect(rest).toEqual({ width: 500, height: 400, sizes: "(min-width: 500px) 500px, 100vw" });
  });

  it("is as wide as it is told in a fixed layout, and as the page in a full one", () => {
    const fixed = urls.img("a.jpg", { width: 50, height: 40, layout: "fixed" });
    expect(read(fixed.srcset)).toEqual(["w_50,h_40,f_auto 1x", "w_100,h_80,f_auto 2x"]);
    expect(fixed).not.toHaveProperty("sizes");
    const full = urls.img("a.jpg", { gravity: "auto" });
    expect(full.sizes).toBe("100vw");
    expect(full).not.toHaveProperty("width");
    expect(read(full.srcset)).toHaveLength(11);
  });
});

describe("picture", () => {
  it("has a source for each better format, and an image that everybody can show", () => {
    const { sources, img } = urls.picture("photo", { width: 50, layout: "fixed" });
    expect(sources.map(({ type }) => type)).toEqual(["image/avif", "image/webp"]);
    expect(sources.map(({ srcset }) => read(srcset)[1])).toEqual(["w_100,f_avif 2x", "w_100 2x"]);
    expect(img.src).toBe(`${baseUrl}/w_50,f_jpg/photo`);
  });
});

describe("img and picture", () => {
  it("offer pixel ratios where widths would change the shape", () => {
    const { srcset } = urls.img("a.jpg", { presets: ["thumb"] });
    expect(read(srcset)).toEqual(["f_auto,dpr_1,t_thumb 1x", "f_auto,dpr_2,t_thumb 2x"]);
    expect(read(urls.img("a.jpg", { height: 40 }).srcset)).toEqual([
      "h_40,f_auto 1x",
      "h_80,f_auto 2x",
    ]);
  });

  it("say of each candidate how wide it is", () => {
    const transform = { width: 50, height: 40, dpr: 2 } as const;
    expect(read(urls.srcset("a.jpg", transform, { widths: [100] }))).toEqual([
      "w_100,h_80,f_auto 100w",
    ]);
  });

  it.each([
    ["a.gif", {}],
    ["a.GIF", { still: true }],
    ["a.webp", { animated: true }],
  ])("offer %s only in formats that move", (key, options) => {
    const { sources } = urls.picture(key, { width: 50, ...options });
    expect(sources.map(({ type }) => type)).toEqual(["image/webp"]);
  });
});

describe("placeholder", () => {
  it("is tiny, and of the same shape", () => {
    expect(urls.placeholder("a.jpg")).toBe(`${baseUrl}/w_24,f_webp,q_30/a.jpg`);
    expect(urls.placeholder("a.gif")).toBe(`${baseUrl}/w_24,f_webp,q_30,fl_still/a.gif`);
    expect(urls.placeholder("a.jpg", { width: 300, height: 200, gravity: "auto" })).toBe(
      `${baseUrl}/w_24,h_16,g_auto,f_webp,q_30/a.jpg`,
    );
  });
});
