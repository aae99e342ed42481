import { describe, expect, it } from "vitest";
import { chooseWidth, readWidths, resolveSizes } from "../../../src/page/panels/sizes.ts";

describe("resolveSizes", () => {
  it.each([
    ["100vw", 390, 390],
    ["50vw", 820, 410],
    ["(min-width: 1000px) 800px, 100vw", 1440, 800],
    ["(min-width: 1000px) 800px, 100vw", 999, 999],
    ["(max-width: 600px) 100vw, (max-width: 900px) 50vw, 300px", 820, 410],
    ["(max-width: 600px) 100vw, (max-width: 900px) 50vw, 300px", 901, 300],
    ["calc(100vw - 20px)", 390, undefined],
    ["", 390, undefined],
  ])("takes %j at %i pixels for %j", (sizes, width, expected) => {
    expect(resolveSizes(sizes, { width })).toBe(expected);
  });
});

describe("chooseWidth", () => {
  it.each([
    [[320, 640, 960], 640, 640],
    [[960, 320, 640], 641, 960],
    [[320, 640], 2000, 640],
    [[], 100, undefined],
  ])("of %j takes for %i the width %j", (widths, needed, expected) => {
    expect(chooseWidth(widths, needed)).toBe(expected);
  });
});

describe("readWidths", () => {
  it("reads what is typed, in order, once each, and leaves out the rest", () => {
    expect(readWidths("640, 320 ,,x 320 9000 -4 1.5")).toEqual([320, 640]);
  });
});
