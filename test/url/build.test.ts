import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { defaultsOf } from "../../src/transform/extension.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import type { TransformSpec } from "../../src/transform/spec.ts";
import { buildPath } from "../../src/url/build.ts";
import { parsePath } from "../../src/url/path.ts";
import { keys, specs } from "../support/specs.ts";

describe("buildPath", () => {
  it.each<[string, TransformSpec, string]>([
    ["photos/cat.jpg", { width: 300, height: 200 }, "/w_300,h_200/photos/cat.jpg"],
    ["cat.jpg", { width: 300, format: "jpg" }, "/w_300/cat.jpg"],
    ["cat.jpg", { width: 300, format: "webp" }, "/w_300,f_webp/cat.jpg"],
    ["cat.jpg", { width: 300, format: "auto" }, "/w_300,f_auto/cat.jpg"],
    ["cat.jpg", {}, "/f_jpg/cat.jpg"],
    ["cat.jpg", { format: "png" }, "/f_png/cat.jpg"],
    ["cat", { width: 3 }, "/w_3/cat"],
    ["cat", { width: 3, format: "webp" }, "/w_3/cat"],
    ["CAT.JPEG", { format: "jpg", width: 3 }, "/w_3/CAT.JPEG"],
    ["a b+c%,d.jpg", { width: 3 }, "/w_3/a%20b%2Bc%25%2Cd.jpg"],
    ["(x)!'*.png", { width: 3 }, "/w_3/%28x%29%21%27%2A.png"],
    ["ü/é.png", { width: 3 }, "/w_3/%C3%BC/%C3%A9.png"],
    ["w_300/a.jpg", { width: 3 }, "/w_3/_/w_300/a.jpg"],
    ["t_shirts/a.jpg", { width: 3 }, "/w_3/_/t_shirts/a.jpg"],
    ["e_books/a.jpg", { width: 3 }, "/w_3/_/e_books/a.jpg"],
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
    ["a/w_300/b.jpg", { aspectRatio: { width: 3, height: 2 } }, "/ar_3:2/a/w_300/b.jpg"],
  ])("addresses %s", (key, spec, path) => {
    expect(buildPath(key, spec)).toBe(path);
  });

  it.each(["", "/a", "a/", "a/../b", "a\0b", "\ud800.jpg"])("refuses the key %j", (key) => {
    expect(() => buildPath(key, { width: 3 })).toThrow(
      expect.objectContaining({ code: "invalid_path" }),
    );
  });

  it.each<[TransformSpec, string]>([
    [{ background: "ff0000" }, "/b_ff0000,f_png/a.png"],
    [{ background: "RED", width: 3 }, "/w_3,b_ff0000/a.png"],
    [{ background: "F00", width: 3 }, "/w_3,b_ff0000/a.png"],
    [{ aspectRatio: { width: 32, height: 18 } }, "/ar_16:9/a.png"],
    [{ width: 3, height: 3, gravity: { x: 1 / 3, y: 0.5 } }, "/w_3,h_3,g_0.3333x0.5/a.png"],
  ])("prints %j as it would be typed", (spec, path) => {
    expect(buildPath("a.png", spec)).toBe(path);
  });

  it.each<TransformSpec>([
    { width: 99_999 },
    { width: 300.5 },
    { width: -5 },
    { width: 0 },
    { width: Number.NaN },
    { width: 3, background: "tomato" },
    { quality: 500 },
    { rotate: 360 },
    { width: 3, height: 3, gravity: { x: 2, y: 0 } },
  ])("refuses %j", (spec) => {
    expect(() => buildPath("a.jpg", spec)).toThrow(
      expect.objectContaining({ code: "invalid_transform" }),
    );
  });

  it("refuses a path that the service would refuse", () => {
    expect(() => buildPath("ü".repeat(500), { width: 3 })).toThrow("at most 2048 bytes");
  });

  it("is parsed back to the same key and the normalized spec", () => {
    fc.assert(
      fc.property(keys, specs, (key, spec) => {
        let path: string;
        try {
          path = buildPath(key, spec);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
          return;
        }
        const parsed = parsePath(path);
        expect(parsed.key).toBe(key);
        const format = spec.format ?? defaultsOf(key).plain;
        const asked = parsed.spec?.format ?? defaultsOf(key).plain;
        expect(asked).toBe(format);
        expect(normalizeTransform(parsed.spec ?? {}, format)).toEqual(
          normalizeTransform(spec, format),
        );
        expect(buildPath(key, parsed.spec ?? {})).toBe(path);
      }),
      { numRuns: 3000 },
    );
  });

  it("builds paths that survive a URL parser", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const path = buildPath(key, { width: 3 });
        expect(new URL(path, "https://images.example").pathname).toBe(path);
      }),
    );
  });
});
