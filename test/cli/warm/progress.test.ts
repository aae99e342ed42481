import { describe, expect, it } from "vitest";
import { printTime } from "../../../src/cli/warm/progress.ts";

describe("printTime", () => {
  it.each([
    ["NULL", "?"],
    ["INF", "?"],
    [Number.NaN, "?"],
    [0.2, "1s"],
    [59, "59s"],
    [61, "2m"],
    [7200, "2h0m"],
  ])("prints %s as %s", (seconds, text) => {
    expect(printTime(seconds)).toBe(text);
  });
});
