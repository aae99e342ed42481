import type { ImageProvider } from "@nuxt/image";
import { describe, expect, expectTypeOf, it } from "vitest";
import setUpProvider from "../../src/frameworks/nuxt.ts";
import {
  attributesOf,
  candidatesOf,
  createNuxtImage,
  renderNuxt,
} from "../support/pages/frameworks.ts";

const BASE = "https://media.example.com";
const img = createNuxtImage(BASE);

const load = (src: string, modifiers: Readonly<Record<string, unknown>> = {}): string =>
  img(src, modifiers).replace(BASE, "");

describe("the provider for @nuxt/image", () => {
  it("is what Nuxt Image takes for a provider", () => {
    type Options = ReturnType<typeof setUpProvider> extends ImageProvider<infer T> ? T : never;
    expectTypeOf<{ baseURL: string }>().toExtend<Options>();
    expectTypeOf(setUpProvider).toExtend<() => ImageProvider<{ baseURL?: string }>>();
  });

  it("fills an image of fixed width", () => {
    const html = renderNuxt(img, "photos/a.jpg", { width: 300, height: 200, fit: "contain" });
    expect(attributesOf(html)).toMatchObject({
      src: `${BASE}/w_300,h_200,c_pad,f_auto/photos/a.jpg`,
      srcset: `${BASE}/w_300,h_200,c_pad,f_auto/photos/a.jpg 1x, ${BASE}/w_600,h_400,c_pad,f_auto/photos/a.jpg 2x`,
    });
  });

  it("fills a fluid image, in the ratio of its width and height", () => {
    const html = renderNuxt(img, "photos/a.jpg", {
      sizes: "sm:100vw md:50vw lg:400px",
      width: 300,
      height: 200,
      format: "webp",
    });
    expect(candidatesOf(attributesOf(html)["srcset"])).toMatchObject({
      "400w": `${BASE}/w_400,h_267,f_webp/photos/a.jpg`,
      "1280w": `${BASE}/w_1280,h_854,f_webp/photos/a.jpg`,
    });
  });

  it("makes the placeholder that Nuxt asks for", () => {
    expect(load("a.jpg", { width: 10, height: 10, quality: 50, blur: 3 })).toBe(
      "/w_10,h_10,e_blur:150,f_auto,q_50/a.jpg",
    );
  });

  it.each([
    [undefined, "/w_300,h_200,f_auto/a.jpg"],
    ["cover", "/w_300,h_200,f_auto/a.jpg"],
    ["outside", "/w_300,h_200,f_auto/a.jpg"],
    ["contain", "/w_300,h_200,c_pad,f_auto/a.jpg"],
    ["fill", "/w_300,h_200,c_scale,f_auto/a.jpg"],
    ["inside", "/w_300,h_200,c_limit,f_auto/a.jpg"],
  ])("translates the fit %s", (fit, path) => {
    expect(load("a.jpg", { width: 300, height: "200", fit })).toBe(path);
  });

  it.each([
    [{}, "/f_auto/a.jpg"],
    [{ width: 300 }, "/w_300,f_auto/a.jpg"],
    [{ width: "300px" }, "/w_300,f_auto/a.jpg"],
    [{ width: "100%", height: 50 }, "/h_50,f_auto/a.jpg"],
    [{ width: 300, format: "jpeg", quality: 80 }, "/w_300,q_80/a.jpg"],
    [
      { width: 300, height: 300, fit: "contain", background: "#F00" },
      "/w_300,h_300,c_pad,b_ff0000,f_auto/a.jpg",
    ],
    [{ width: 300, aspectRatio: 16 / 9, mode: "fill" }, "/w_300,h_169,c_fill,f_auto/a.jpg"],
    [{ width: 300, ar: "16:9", gravity: "north" }, "/w_300,h_169,g_north,f_auto/a.jpg"],
    [{ width: 300, height: 300, position: "right top" }, "/w_300,h_300,g_north_east,f_auto/a.jpg"],
    [{ width: 300, rotate: 90, flop: true, flip: false }, "/w_300,a_90,flip_h,f_auto/a.jpg"],
    [
      { width: 300, radius: 20, tint: "#00DC82", sharpen: 2 },
      "/w_300,r_20,e_sharpen:20,e_tint:00dc82,f_auto/a.jpg",
    ],
    [{ width: 300, grayscale: "", lossless: true }, "/w_300,e_grayscale,f_auto,fl_lossless/a.jpg"],
    [
      { width: 300, crop: "0.1_0.0_0.5_1.0", version: "7f3a" },
      "/w_300,crop_0.1_0.0_0.5_1.0,f_auto,v_7f3a/a.jpg",
    ],
    [{ width: 300, presets: "card" }, "/w_300,t_card/a.jpg"],
  ])("takes the modifiers %j", (modifiers, path) => {
    expect(load("a.jpg", modifiers)).toBe(path);
  });

  it("lays modifiers over those of the module's options", () => {
    const others = createNuxtImage(BASE, { format: "webp", quality: 70 });
    expect(others("a.jpg", { width: 300, quality: 50 })).toBe(`${BASE}/w_300,f_webp,q_50/a.jpg`);
  });

  it("takes the path of a src for one of a URL, and its query for options", () => {
    expect(load("/größe/100%25 b.jpg?ar=1", { width: 30 })).toBe(
      "/w_30,h_30,f_auto/gr%C3%B6%C3%9Fe/100%25%20b.jpg",
    );
  });

  it("leaves images alone that are somewhere else", () => {
    expect(load("https://other.example/a.jpg", { width: 30 })).toBe("https://other.example/a.jpg");
  });

  it("refuses what it does not know, and to work without a base URL", () => {
    expect(() => load("a.jpg", { fit: "thumb" })).toThrow(
      /^modifiers of "\/a\.jpg": option "fit" must be one of cover, contain, fill, inside/,
    );
    expect(() => load("a.jpg", { kernel: "cubic" })).toThrow(/unknown option "kernel"/);
    expect(() => setUpProvider().getImage("/a.jpg", { modifiers: {} })).toThrow(/"baseUrl"/);
  });
});
