import { describe, expect, it } from "vitest";
import { suggestForQuery, suggestTransform } from "../../src/request/suggest.ts";

const PRESETS = new Map([["card", { width: 300 }]]);

describe("suggestTransform", () => {
  it.each([
    ["w300", "w_300"],
    ["w-300", "w_300"],
    ["W_300", "w_300"],
    ["w=300", "w_300"],
    ["w:300,h:200", "w_300,h_200"],
    ["300x200", "w_300,h_200"],
    ["300x", "w_300"],
    ["widht_300", "width_300"],
    ["widt=300&heigth=200", "width_300,height_200"],
    ["w_300,h-200", "w_300,h_200"],
    ["t-card", "t_card"],
  ])("reads %s as %s", (typed, meant) => {
    expect(suggestTransform(typed, PRESETS)).toBe(meant);
  });

  it.each([
    "photos",
    "2024",
    "my-album",
    "v2",
    "img-300",
    "w",
    "w_30O",
    "t-nope",
    "x300",
    "300x200x100",
  ])("has nothing for %s", (folder) => {
    expect(suggestTransform(folder, PRESETS)).toBeUndefined();
  });

  it("takes no time for a segment that is far too long", () => {
    expect(suggestTransform("w300,".repeat(1000), PRESETS)).toBeUndefined();
  });
});

describe("suggestForQuery", () => {
  it.each([
    ["w=300", "w_300"],
    ["width=300&height=200&utm_source=mail", "width_300,height_200"],
    ["w=300&v=7", "w_300"],
  ])("reads %s as %s", (query, meant) => {
    expect(suggestForQuery(query, PRESETS)).toBe(meant);
  });

  it.each(["", "v=7", "utm_source=mail", "t=1700000000", "w=wide", "explain", "X-Amz-Expires=300"])(
    "has nothing for %s",
    (query) => {
      expect(suggestForQuery(query, PRESETS)).toBeUndefined();
    },
  );
});
