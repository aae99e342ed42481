import { describe, expect, it } from "vitest";
import type { Place } from "../../../src/page/state/place.ts";
import { printPlace, readPlace } from "../../../src/page/state/place.ts";
import { parseTransform } from "../../../src/transform/parse.ts";

const PRESETS = new Map([["thumb", {}]]);

describe("printPlace", () => {
  it.each<readonly [Place, string]>([
    [{ kind: "folder", prefix: "", search: "" }, "#/"],
    [{ kind: "folder", prefix: "photos/ä b/", search: "" }, "#/photos/%C3%A4%20b/"],
    [{ kind: "folder", prefix: "photos/", search: "a&b" }, "#/photos/?search=a%26b"],
    [{ kind: "image", key: "cat.jpg", spec: {} }, "#/cat.jpg"],
    [
      { kind: "image", key: "a/what?#.jpg", spec: parseTransform("w_300,ar_16:9,f_auto") },
      "#/a/what%3F%23.jpg?w_300,ar_16:9,f_auto",
    ],
    [
      { kind: "image", key: "w_300/cat.jpg", spec: parseTransform("c_fill,t_thumb", PRESETS) },
      "#/w_300/cat.jpg?c_fill,t_thumb",
    ],
  ])("prints %j as %s, which readPlace reads", (place, fragment) => {
    expect(printPlace(place)).toBe(fragment);
    expect(readPlace(fragment, PRESETS)).toEqual(place);
  });
});

describe("readPlace", () => {
  it.each(["", "#", "#/"])("takes %j for all originals", (fragment) => {
    expect(readPlace(fragment, PRESETS)).toEqual({ kind: "folder", prefix: "", search: "" });
  });

  it("leaves out options that are wrong", () => {
    expect(readPlace("#/cat.jpg?w_0", PRESETS)).toEqual({
      kind: "image",
      key: "cat.jpg",
      spec: {},
    });
  });
});
