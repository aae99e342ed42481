import type { ImageLoader } from "next/image.js";
import { describe, expect, expectTypeOf, it } from "vitest";
import { createNextLoader } from "../../src/frameworks/next.ts";
import {
  attributesOf,
  candidatesOf,
  getImageProps,
  renderNext,
} from "../support/pages/frameworks.ts";

const BASE = "https://media.example.com";
const loader = createNextLoader({ baseUrl: BASE });

const sign = (text: string): string => `signed-${text.length}`;

const load = (src: string, options: Partial<Parameters<typeof createNextLoader>[0]> = {}): string =>
  createNextLoader({ baseUrl: BASE, ...options })({ src, width: 640 }).replace(BASE, "");

describe("createNextLoader", () => {
  it("gives what next/image takes for a loader", () => {
    expectTypeOf(loader).toExtend<ImageLoader>();
  });

  it("fills the image that Next renders, with two densities of its fixed width", () => {
    const html = renderNext({ loader, src: "photos/a.jpg", width: 320, height: 200, alt: "" });
    expect(attributesOf(html)).toMatchObject({
      src: `${BASE}/w_640,f_auto/photos/a.jpg`,
      srcset: `${BASE}/w_384,f_auto/photos/a.jpg 1x, ${BASE}/w_640,f_auto/photos/a.jpg 2x`,
      width: "320",
      height: "200",
    });
  });

  it("keeps the ratio of the src through all widths of a fluid image", () => {
    const src = "/photos/a.jpg?ar=16:9&g=north";
    const html = renderNext({ loader, src, fill: true, sizes: "100vw", quality: 75, alt: "" });
    const { srcset } = attributesOf(html);
    const urls = Object.entries(candidatesOf(srcset));
    expect(urls).toHaveLength(8);
    expect(candidatesOf(srcset)).toMatchObject({
      "640w": `${BASE}/w_640,h_360,g_north,f_auto,q_75/photos/a.jpg`,
      "3840w": `${BASE}/w_3840,h_2160,g_north,f_auto,q_75/photos/a.jpg`,
    });
  });

  it("works through getImageProps, as for art direction", () => {
    const { props } = getImageProps({
      loader,
      src: "photos/a.jpg?s=1600x900",
      width: 320,
      height: 180,
      alt: "",
    });
    expect(props.src).toBe(`${BASE}/w_640,h_360,f_auto/photos/a.jpg`);
  });

  it.each([
    ["photos/a.jpg", "/w_640,f_auto/photos/a.jpg"],
    ["/photos/a.jpg", "/w_640,f_auto/photos/a.jpg"],
    ["a.jpg?ar=16:9", "/w_640,h_360,f_auto/a.jpg"],
    ["a.jpg?size=1600x900", "/w_640,h_360,f_auto/a.jpg"],
    ["a.jpg?w=1600&h=900", "/w_640,h_360,f_auto/a.jpg"],
    ["a.jpg?ar=1&c=fill&g=north_east", "/w_640,h_640,c_fill,g_north_east,f_auto/a.jpg"],
    ["a.jpg?ar=16:9&e=grayscale", "/w_640,h_360,e_grayscale,f_auto/a.jpg"],
    ["a.jpg?e=grayscale&e=blur:200", "/w_640,e_blur:200,e_grayscale,f_auto/a.jpg"],
    ["a.jpg?grayscale", "/w_640,e_grayscale,f_auto/a.jpg"],
    ["a.jpg?grayscale=false", "/w_640,f_auto/a.jpg"],
    ["a.jpg?aspectRatio=1&mode=pad&background=navy", "/w_640,h_640,c_pad,b_000080,f_auto/a.jpg"],
    ["a.jpg?ar=1&position=right top&enlarge", "/w_640,h_640,c_fill,g_north_east,f_auto/a.jpg"],
    [
      "a.jpg?radius=max&sepia=50&fl=lossless.animated",
      "/w_640,r_max,e_sepia:50,f_auto,fl_lossless/a.jpg",
    ],
    ["a.jpg?f=webp&q=auto:eco", "/w_640,f_webp,q_auto:eco/a.jpg"],
    ["a.jpg?f=jpeg", "/w_640/a.jpg"],
    ["a.jpg?v=7f3a", "/w_640,f_auto,v_7f3a/a.jpg"],
    ["a.jpg?t=card.dim", "/w_640,t_card.dim/a.jpg"],
  ])("reads options in the query: %s", (src, path) => {
    expect(load(src)).toBe(path);
  });

  it.each([
    ["größe/ü b.jpg", "/w_640,f_auto/gr%C3%B6%C3%9Fe/%C3%BC%20b.jpg"],
    ["gr%C3%B6%C3%9Fe/%C3%BC%20b.jpg", "/w_640,f_auto/gr%C3%B6%C3%9Fe/%C3%BC%20b.jpg"],
    ["what%3F.jpg?ar=1", "/w_640,h_640,f_auto/what%3F.jpg"],
    ["100%25.jpg", "/w_640,f_auto/100%25.jpg"],
    ["100%.jpg", "/w_640,f_auto/100%25.jpg"],
    ["a%2520b.jpg", "/w_640,f_auto/a%2520b.jpg"],
    ["a+b#c,d.jpg", "/w_640,f_auto/a%2Bb%23c%2Cd.jpg"],
    ["w_300/a.jpg", "/w_640,f_auto/_/w_300/a.jpg"],
  ])("takes the path of a src for one of a URL: %s", (src, path) => {
    expect(load(src)).toBe(path);
  });

  it.each([
    ["a.jpg?foo=1", /^src "a\.jpg\?foo=1": unknown option "foo" in "foo_1", expected one of w, h/],
    ["a.jpg?g=up", /^src "a\.jpg\?g=up": option "g" must be one of .*, got "up"/],
    ["a.jpg?h=400", /the component gives the size; both sides \(s=1600x900\) or a ratio/],
    ["a.jpg?s=1600x900&ar=1", /the component gives the size/],
    ["a.jpg?g=north&gravity=south", /option "g" is given twice/],
  ])("refuses %s", (src, message) => {
    expect(() => load(src)).toThrow(message);
  });

  it("never asks for more than an image can have, whatever the ratio", () => {
    const tall = createNextLoader({ baseUrl: "" })({ src: "a.jpg?ar=9:40", width: 3840 });
    expect(tall).toBe("/w_1843,h_8191,f_auto/a.jpg");
    const large = createNextLoader({ baseUrl: "" })({ src: "a.jpg?ar=1&f=avif", width: 3840 });
    expect(large).toBe("/w_2998,h_2998,f_avif/a.jpg");
  });

  it("leaves images alone that are somewhere else", () => {
    for (const src of [
      "https://other.example/a.jpg?x=1",
      "//other.example/a.jpg",
      "/_next/a.jpg",
    ]) {
      expect(loader({ src, width: 640 })).toBe(src);
    }
  });

  it("keeps what a URL of the service asks for, but for the size", () => {
    expect(load(`${BASE}/w_300,h_150,g_north,f_webp/photos/a%20b.jpg`)).toBe(
      "/w_640,h_320,g_north,f_webp/photos/a%20b.jpg",
    );
    expect(load(`${BASE}/photos/a.jpg?ar=1`)).toBe("/w_640,h_640,f_auto/photos/a.jpg");
  });

  it("knows what presets in a URL of the service stand for when it is told", () => {
    const presets = { card: "w_300,h_200,c_fill" };
    expect(load(`${BASE}/t_card/a.jpg`, { presets })).toBe("/w_640,h_427,c_fill/a.jpg");
    expect(load("a.jpg?t=card", { presets })).toBe("/w_640,t_card/a.jpg");
  });

  it("lays src over defaults, and writes URLs as it is told", () => {
    const defaults = { aspectRatio: "4:3", gravity: "auto", format: "webp" } as const;
    expect(load("a.jpg", { defaults })).toBe("/w_640,h_480,g_auto,f_webp/a.jpg");
    expect(load("a.jpg?s=2x1&g=east", { defaults })).toBe("/w_640,h_320,g_east,f_webp/a.jpg");
    expect(load("a.jpg", { comma: "%2C" })).toBe("/w_640%2Cf_auto/a.jpg");
    expect(load("a.jpg", { sign })).toBe("/s--signed-18--/w_640,f_auto/a.jpg");
  });

  it("lets a base path and a slash stand in the base URL", () => {
    const based = createNextLoader({ baseUrl: `${BASE}/i/` });
    expect(based({ src: "a.jpg", width: 16 })).toBe(`${BASE}/i/w_16,f_auto/a.jpg`);
    expect(based({ src: `${BASE}/i/w_9/a.jpg`, width: 16 })).toBe(`${BASE}/i/w_16/a.jpg`);
  });
});
