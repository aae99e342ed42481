import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import type { CreateUrlsOptions, Transform } from "../../src/index.ts";
import { buildUrl, createUrls } from "../../src/index.ts";
import { getKeyFormat } from "../../src/transform/negotiate.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import { descriptions, keys, specs } from "../support/url/specs.ts";
import { chooseRuns } from "../support/runs.ts";

const baseUrl = "https://img.example.com/i";
const urls = createUrls({ baseUrl, presets: { thumb: "w_150,h_150,c_fill", soft: "e_blur:50" } });

function pathOf(key: string, transform?: Transform): string {
  return urls.url(key, transform).slice(baseUrl.length);
}

describe("createUrls", () => {
  it.each([undefined, "localhost:3000", "ftp://a", "media.example.com"])(
    "refuses the base URL %j",
    (text) => {
      const options = { baseUrl: text } as CreateUrlsOptions;
      expect(() => createUrls(options)).toThrow(
        "baseUrl must be the URL or the path of the service",
      );
    },
  );

  it.each(["", "/images", "https://media.example.com", "//media.example.com/i"])(
    "accepts the base URL %j",
    (text) => {
      expect(createUrls({ baseUrl: text }).url("a.jpg")).toBe(`${text}/a.jpg`);
    },
  );
});

describe("url", () => {
  it.each<[string, Transform | undefined, string]>([
    ["photos/cat.jpg", { width: 300, height: 200 }, "/w_300,h_200/photos/cat.jpg"],
    ["cat.jpg", { width: 300, format: "jpg" }, "/w_300/cat.jpg"],
    ["cat.jpg", { width: 300, format: "webp" }, "/w_300,f_webp/cat.jpg"],
    ["cat.jpg", { width: 300, format: "auto" }, "/w_300,f_auto/cat.jpg"],
    ["cat.jpg", { width: undefined, grayscale: false }, "/f_jpg/cat.jpg"],
    ["cat.jpg", undefined, "/cat.jpg"],
    ["w_300/cat.jpg", undefined, "/_/w_300/cat.jpg"],
    ["cat.jpg", { format: "png" }, "/f_png/cat.jpg"],
    ["cat", { width: 3, format: "webp" }, "/w_3/cat"],
    ["CAT.JPEG", { format: "jpg", width: 3 }, "/w_3/CAT.JPEG"],
    ["a b+c%,d.jpg", { width: 3 }, "/w_3/a%20b%2Bc%25%2Cd.jpg"],
    ["(x)!'*.png", { width: 3 }, "/w_3/%28x%29%21%27%2A.png"],
    ["ü/é.png", { width: 3 }, "/w_3/%C3%BC/%C3%A9.png"],
    ["t_shirts/a.jpg", { width: 3 }, "/w_3/_/t_shirts/a.jpg"],
    ["x_ray/a.jpg", { width: 3 }, "/w_3/_/x_ray/a.jpg"],
    ["my,b_roll/a.jpg", { width: 3 }, "/w_3/_/my%2Cb_roll/a.jpg"],
    ["flip/a.jpg", { width: 3 }, "/w_3/_/flip/a.jpg"],
    ["_/a.jpg", { width: 3 }, "/w_3/_/_/a.jpg"],
    ["_", { width: 3 }, "/w_3/_/_"],
    ["s--x--/a.jpg", { width: 3 }, "/w_3/_/s--x--/a.jpg"],
    ["healthz", { width: 3 }, "/w_3/_/healthz"],
    ["-/a.jpg", { width: 3 }, "/w_3/_/-/a.jpg"],
    ["variants/a.jpg", { width: 3 }, "/w_3/_/variants/a.jpg"],
    ["my_photos/a.jpg", { width: 3 }, "/w_3/my_photos/a.jpg"],
    ["a/w_300/b.jpg", { aspectRatio: "6:4" }, "/ar_3:2/a/w_300/b.jpg"],
    ["a.png", { background: "ff0000" }, "/b_ff0000,f_png/a.png"],
    ["a.png", { background: "RED", width: 3 }, "/w_3,b_ff0000/a.png"],
    ["a.png", { background: "#F00", width: 3 }, "/w_3,b_ff0000/a.png"],
    ["a.jpg", { background: "#ff000080", width: 3 }, "/w_3,b_ff7f7f/a.jpg"],
    ["a.png", { aspectRatio: 1.5, width: 300 }, "/w_300,h_200/a.png"],
    ["a.png", { aspectRatio: "3:2", width: 150, dpr: 2 }, "/w_300,h_200/a.png"],
    [
      "a.png",
      { width: 3, height: 3, gravity: { x: 1 / 3, y: 0.5 } },
      "/w_3,h_3,g_0.3333x0.5/a.png",
    ],
    ["a.jpg", { blur: 100, grayscale: true, hue: -180 }, "/e_blur,e_hue:180,e_grayscale/a.jpg"],
    ["a.gif", { width: 9, animated: true, lossless: true, still: true }, "/w_9,fl_still/a.gif"],
    ["a.jpg", { format: "json", crop: undefined }, "/f_json/a.jpg"],
    ["a.jpg", { crop: { x: 1, y: 2, width: 3, height: 4 } }, "/crop_1_2_3_4/a.jpg"],
    ["a.jpg", { presets: ["thumb"], width: 200 }, "/w_200,t_thumb/a.jpg"],
    ["a.jpg", { width: 3, version: "v-2" }, "/w_3,v_v-2/a.jpg"],
    ["a.jpg", { version: "v-2" }, "/f_jpg,v_v-2/a.jpg"],
  ])("addresses %s under %j", (key, transform, path) => {
    expect(pathOf(key, transform)).toBe(path);
  });

  it("refuses a preset that is not among those of the service, and takes any where none were named", () => {
    expect(() => urls.url("a.jpg", { presets: ["nope"] })).toThrow('option "t" must be some of');
    const others = createUrls({ baseUrl: "" });
    expect(others.url("a.jpg", { presets: ["nope"] })).toBe("/t_nope/a.jpg");
  });

  it.each([undefined, 7, "https://other.example/a.jpg"])("refuses %j, which is no key", (key) => {
    expect(() => urls.url(key as string)).toThrow(
      expect.objectContaining({ code: "invalid_path" }),
    );
  });

  it.each(["", "/a", "a/", "a/../b", "a\0b", "\ud800.jpg", "k".repeat(1025)])(
    "refuses the key %j",
    (key) => {
      expect(() => urls.url(key, { width: 3 })).toThrow(
        expect.objectContaining({ code: "invalid_path" }),
      );
    },
  );

  it.each([
    [{ width: 99_999 }, 'option "w" must be an integer from 1 to 8192, got "99999"'],
    [{ width: 300.5 }, 'option "w"'],
    [{ width: 0 }, 'option "w"'],
    [{ width: Number.NaN }, 'option "w"'],
    [{ width: 3, background: "tomato" }, 'option "b" must be like f00'],
    [{ quality: 500 }, 'option "q"'],
    [{ rotate: 360 }, 'option "a"'],
    [{ width: 3, height: 3, gravity: { x: 2, y: 0 } }, 'option "g"'],
    [{ width: 3, version: "a b" }, 'option "v"'],
    [{ width: 5000, dpr: 2 }, "at most 8192, but comes to 10000"],
    [{ format: "json", width: 3 }, 'option "w" must not stand beside "f_json"'],
    [{ width: 3, aspectRatio: Number.NaN }, 'option "ar" must be like 16:9'],
    [{ width: 3, aspectRatio: Number.POSITIVE_INFINITY }, 'option "ar"'],
    [{ width: 3, aspectRatio: "16:x" }, 'option "ar"'],
    [{ width: 3, aspectRatio: { width: Number.NaN, height: 1 } }, 'option "ar"'],
    [{ widht: 3 }, 'unknown option "widht"'],
    [{ width: 3, expires: 99 }, 'option "exp" must be signed'],
  ])("refuses %j", (transform, problem) => {
    expect(() => urls.url("a.jpg", transform as Transform)).toThrow(problem);
  });

  it("refuses a path that the service would refuse", () => {
    expect(() => urls.url("ü".repeat(500), { width: 3 })).toThrow("at most 2048 bytes");
  });

  it("takes what is the same for all from the defaults, but not for descriptions", () => {
    const { url } = createUrls({ baseUrl: `${baseUrl}/`, defaults: { format: "auto" } });
    expect(url("a.jpg", { width: 3 })).toBe(`${baseUrl}/w_3,f_auto/a.jpg`);
    expect(url("a.jpg", { width: 3, format: "gif" })).toBe(`${baseUrl}/w_3,f_gif/a.jpg`);
    expect(url("a.jpg", { format: "thumbhash" })).toBe(`${baseUrl}/f_thumbhash/a.jpg`);
    expect(url("a.jpg", { width: 3, format: undefined })).toBe(`${baseUrl}/w_3,f_auto/a.jpg`);
    const square = createUrls({ baseUrl, defaults: { aspectRatio: "1:1" } });
    expect(square.url("a.jpg", { width: 3 })).toBe(`${baseUrl}/w_3,h_3/a.jpg`);
    expect(square.url("a.jpg", { width: 3, height: 2 })).toBe(`${baseUrl}/w_3,h_2/a.jpg`);
  });

  it("signs what the service will verify", () => {
    const texts: string[] = [];
    const sign = (text: string): string => `${texts.push(text)}`;
    const signed = createUrls({ baseUrl, sign });
    expect(signed.url("t_x/ü b.jpg", { width: 3, expires: 99 })).toBe(
      `${baseUrl}/s--1--/w_3,exp_99/_/t_x/%C3%BC%20b.jpg`,
    );
    expect(texts).toEqual(["w_3,exp_99/_/t_x/ü b.jpg"]);
  });

  it("prints commas encoded when asked to", () => {
    const { url } = createUrls({ baseUrl, comma: "%2C" });
    expect(url("a,b.jpg", { width: 3, height: 2 })).toBe(`${baseUrl}/w_3%2Ch_2/a%2Cb.jpg`);
  });

  it("builds paths that survive a URL parser", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const path = pathOf(key, { width: 3 });
        expect(new URL(path, "https://images.example").pathname).toBe(path);
      }),
    );
  });
});

describe("parse", () => {
  it("gives back the key and the normalized transform of any URL", () => {
    fc.assert(
      fc.property(keys, fc.oneof(specs, descriptions), (key, spec) => {
        let url: string;
        try {
          url = urls.url(key, spec);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
          return;
        }
        const { format: asked, ...rest } = spec;
        const format = asked ?? getKeyFormat(key);
        const transform = normalizeTransform(rest, format);
        expect(urls.parse(url)).toEqual({ key, transform, format });
        // the printed text is canonical, and the small builder prints the same
        expect(urls.url(key, { ...transform, format })).toBe(url);
        expect(buildUrl(key, spec, { baseUrl })).toBe(url);
      }),
      { numRuns: chooseRuns(300, 3000) },
    );
  });

  it.each(["", "/i", "http://localhost:3000"])("reads what was built on %j", (base) => {
    const { url, parse } = createUrls({ baseUrl: base });
    const parsed = { key: "i/a b.jpg", transform: { width: 3 }, format: "jpg" };
    expect(parse(url("i/a b.jpg", { width: 3 }))).toEqual(parsed);
    expect(parse(`${url("i/a b.jpg", { width: 3 })}?v=1#top`)).toEqual(parsed);
  });

  it("expands presets, and tells what stands beside the transform", () => {
    expect(urls.parse(`${baseUrl}/s--abc--/t_thumb.soft,w_9,exp_7,f_auto/a.jpg?v=1`)).toEqual({
      key: "a.jpg",
      transform: { width: 9, height: 150, mode: "fill", blur: 50 },
      format: "auto",
      signature: "abc",
      expires: 7,
    });
    expect(urls.parse("/photos/a.jpg")).toEqual({ key: "photos/a.jpg" });
    expect(() => urls.parse("https://elsewhere.example/w_3/a.jpg")).toThrow("must start with");
    expect(() => urls.parse("/w_30O/a.jpg")).toThrow('option "w"');
  });
});

describe("canonical", () => {
  it("prints the text of a transform, with its presets expanded", () => {
    expect(urls.canonical("a.jpg", { height: 2, width: 3 })).toBe("w_3,h_2");
    expect(urls.canonical("a.jpg", { presets: ["thumb"], dpr: 2 })).toBe("w_300,h_300,c_fill");
  });
});

describe("createUrls", () => {
  it("refuses presets that are wrong", () => {
    expect(() => createUrls({ baseUrl, presets: { a: "w_0" } })).toThrow('option "w"');
  });
});
