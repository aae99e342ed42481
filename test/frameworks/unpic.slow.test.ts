import { Image, Source } from "@unpic/react/base";
import fc from "fast-check";
import type { Operations, TransformerFunction } from "unpic";
import { createElement } from "react";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { ShiftMediaOperations, ShiftMediaOptions } from "../../src/frameworks/unpic.ts";
import { extract, generate, transform } from "../../src/frameworks/unpic.ts";
import { attributesOf, candidatesOf, render } from "../support/pages/frameworks.ts";
import { keys } from "../support/url/specs.ts";

const BASE = "https://media.example.com";
const options = { baseUrl: BASE };

describe("transform", () => {
  it("is what unpic takes for a transformer", () => {
    expectTypeOf<ShiftMediaOperations>().toExtend<Operations>();
    expectTypeOf(transform).toExtend<
      TransformerFunction<ShiftMediaOperations, ShiftMediaOptions>
    >();
  });

  it("fills the image that unpic renders", () => {
    const html = render(
      createElement(Image<ShiftMediaOperations, ShiftMediaOptions>, {
        src: "photos/a.jpg",
        transformer: transform,
        options,
        operations: { gravity: "north" },
        layout: "constrained",
        width: 320,
        height: 200,
        background: "auto",
        alt: "",
      }),
    );
    const { src, srcset, style } = attributesOf(html);
    expect(src).toBe(`${BASE}/w_320,h_200,g_north,f_auto/photos/a.jpg`);
    expect(candidatesOf(srcset)).toEqual({
      "320w": `${BASE}/w_320,h_200,g_north,f_auto/photos/a.jpg`,
      "640w": `${BASE}/w_640,h_400,g_north,f_auto/photos/a.jpg`,
    });
    expect(style).toContain(`url(${BASE}/w_24,h_15,f_auto/photos/a.jpg)`);
  });

  it("fills all widths of a full-width image, and never asks for more than an image can have", () => {
    const html = render(
      createElement(Image<ShiftMediaOperations, ShiftMediaOptions>, {
        src: "photos/a.jpg",
        transformer: transform,
        options,
        layout: "fullWidth",
        height: 1000,
        aspectRatio: 0.5,
      }),
    );
    const candidates = candidatesOf(attributesOf(html)["srcset"]);
    expect(Object.keys(candidates)).toHaveLength(15);
    expect(candidates).toMatchObject({
      "640w": `${BASE}/w_640,h_1280,f_auto/photos/a.jpg`,
      "6016w": `${BASE}/w_4096,h_8192,f_auto/photos/a.jpg`,
    });
  });

  it("fills sources of one format each", () => {
    const source = createElement(Source<ShiftMediaOperations, ShiftMediaOptions>, {
      src: "photos/a.jpg",
      transformer: transform,
      options,
      type: "image/jpeg",
      layout: "fixed",
      width: 100,
      height: 50,
    });
    expect(candidatesOf(attributesOf(render(source))["srcset"])).toEqual({
      "100w": `${BASE}/w_100,h_50/photos/a.jpg`,
      "200w": `${BASE}/w_200,h_100/photos/a.jpg`,
    });
  });

  it("lets the operations replace what a URL of the service asks for, and its size as a whole", () => {
    const url = `${BASE}/w_300,h_150,g_north,f_webp/photos/a.jpg`;
    expect(transform(url, { format: "avif" }, options)).toBe(
      `${BASE}/w_300,h_150,g_north,f_avif/photos/a.jpg`,
    );
    expect(transform(url, { width: 640 }, options)).toBe(
      `${BASE}/w_640,h_320,g_north,f_webp/photos/a.jpg`,
    );
    expect(transform(new URL(url), { width: 50, height: 50 }, options)).toBe(
      `${BASE}/w_50,h_50,g_north,f_webp/photos/a.jpg`,
    );
  });

  it("leaves images alone that are somewhere else", () => {
    const url = "https://other.example/a.jpg?w=3";
    expect(transform(url, { width: 100 }, options)).toBe(url);
  });

  it("stays on the origin of the page without a base URL", () => {
    expect(transform("/photos/a.jpg", { width: 100 })).toBe("/w_100,f_auto/photos/a.jpg");
  });
});

describe("generate", () => {
  it("takes sizes and qualities as texts, and rounds what was worked out", () => {
    const operations = { width: "300.4", height: 200.5, quality: "80", format: "jpeg" };
    expect(generate("a.jpg", operations, options)).toBe(`${BASE}/w_300,h_201,q_80/a.jpg`);
    expect(generate("a.jpg", { quality: "auto:eco" }, options)).toBe(
      `${BASE}/f_auto,q_auto:eco/a.jpg`,
    );
  });

  it("takes whatever a transform can say", () => {
    const operations = {
      width: 300,
      aspectRatio: "3:2",
      mode: "pad",
      background: "#fff",
      gravity: { x: 0.3, y: 0.7 },
      blur: 100,
      grayscale: true,
      negate: false,
      animated: true,
    } as const;
    expect(generate("a.gif", operations, options)).toBe(
      `${BASE}/w_300,h_200,c_pad,g_0.3x0.7,b_ffffff,e_blur,e_grayscale,f_auto/a.gif`,
    );
  });

  it("starts from the original of a URL of the service", () => {
    const url = `${BASE}/w_300,g_north/photos/a.jpg?ar=1`;
    expect(generate(url, { width: 640 }, options)).toBe(`${BASE}/w_640,h_640,f_auto/photos/a.jpg`);
  });

  it("refuses a format or quality that there is not", () => {
    expect(() => generate("a.jpg", { format: "heif" }, options)).toThrow(
      /^operations: option "format" must be one of .*, got "heif"$/,
    );
    expect(() => generate("a.jpg", { quality: 101 }, options)).toThrow(/"quality".*got "101"/);
  });
});

describe("extract", () => {
  it("takes a URL of the service apart", () => {
    const url = `${BASE}/w_300,h_200,g_0.3x0.7,q_80/photos/a%20b.jpg`;
    const extracted = {
      src: "photos/a%20b.jpg",
      operations: {
        width: 300,
        height: 200,
        gravity: { x: 0.3, y: 0.7 },
        quality: 80,
        format: "jpg",
      },
      options,
    };
    expect(extract(url)).toEqual(extracted);
    expect(extract(new URL(url), options)).toEqual(extracted);
    expect(extract("/w_300/a.jpg")).toEqual({
      src: "a.jpg",
      operations: { width: 300, format: "jpg" },
      options: { baseUrl: "" },
    });
  });

  it("knows a base path only when it is told", () => {
    const url = `${BASE}/i/w_300/a.jpg`;
    expect(extract(url)).toBeNull();
    expect(extract(url, { baseURL: `${BASE}/i/` })?.src).toBe("a.jpg");
  });

  it("takes an original for one only where it knows the service", () => {
    expect(extract(`${BASE}/photos/a.jpg`)).toBeNull();
    expect(extract(`${BASE}/photos/a.jpg`, options)).toEqual({
      src: "photos/a.jpg",
      operations: {},
      options,
    });
  });

  it.each(["https://other.example/w_300/a.jpg", `${BASE}/w_30O/a.jpg`, `${BASE}/w_300/`])(
    "gives null for %s",
    (url) => {
      expect(extract(url, options)).toBeNull();
    },
  );

  it("gives generate all that it needs to make the same URL, of any key", () => {
    const operations = fc.record(
      {
        width: fc.integer({ min: 1, max: 4000 }),
        height: fc.integer({ min: 1, max: 4000 }),
        mode: fc.constantFrom("fill", "pad", "limit", "scale"),
        gravity: fc.constantFrom("north", "auto", "entropy", { x: 0.1, y: 0.95 }),
        format: fc.constantFrom("auto", "jpg", "webp", "avif"),
        quality: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom("eco", "auto:best")),
        blur: fc.integer({ min: 15, max: 2000 }),
        lossless: fc.boolean(),
        version: fc.constantFrom("7f3a", "2024-01"),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<ShiftMediaOperations>; // words are not widened
    fc.assert(
      fc.property(keys, operations, (key, given) => {
        const src = key.split("/").map(encodeURIComponent).join("/");
        const url = generate(src, given, options);
        const extracted = extract(url, options);
        expect(extracted).not.toBeNull();
        expect(
          generate(extracted?.src ?? "", extracted?.operations ?? {}, extracted?.options),
        ).toBe(url);
        expect(extract(url)).toEqual(extracted);
      }),
    );
  });
});
