import { describe, expect, it } from "vitest";
import { selectBody } from "../../../src/http/answer/conditions.ts";

const THERE = { etag: '"abc"', size: 100 };

function select(headers: Readonly<Record<string, string>>, method = "GET"): unknown {
  const selection = selectBody({ method, header: (name) => headers[name] }, THERE);
  return selection.kind === "part" ? selection.range : selection.kind;
}

describe("selectBody", () => {
  it.each([
    [{}, "whole"],
    [{ "if-none-match": '"abc"' }, "not_modified"],
    [{ "if-none-match": 'W/"abc"' }, "not_modified"],
    [{ "if-none-match": '"x,y", "abc"' }, "not_modified"],
    [{ "if-none-match": " * " }, "not_modified"],
    [{ "if-none-match": '"x"' }, "whole"],
    [{ "if-none-match": "abc" }, "whole"],
    [{ "if-none-match": '"x", *' }, "whole"],
    [{ "if-none-match": '"x,"abc","y"' }, "whole"],
    [{ "if-match": '"abc"' }, "whole"],
    [{ "if-match": '"x", "abc"' }, "whole"],
    [{ "if-match": "*" }, "whole"],
    [{ "if-match": 'W/"abc"' }, "precondition_failed"],
    [{ "if-match": '"x"' }, "precondition_failed"],
    [{ "if-match": "" }, "precondition_failed"],
    // first If-Match, then If-None-Match, then the range
    [{ "if-match": '"x"', "if-none-match": '"abc"' }, "precondition_failed"],
    [{ "if-match": '"abc"', "if-none-match": '"abc"' }, "not_modified"],
    [{ "if-none-match": '"abc"', range: "bytes=0-4" }, "not_modified"],
    [{ "if-none-match": '"abc"', range: "bytes=200-" }, "not_modified"],
    [
      { "if-none-match": '"x"', range: "bytes=0-4" },
      { first: 0, last: 4 },
    ],
    [
      { "if-match": '"abc"', range: "bytes=0-4" },
      { first: 0, last: 4 },
    ],
    [{ range: "bytes=-5" }, { first: 95, last: 99 }],
    [{ range: "bytes=100-" }, "unsatisfiable"],
    [{ range: "bytes=0-1,3-4" }, "whole"],
    [
      { range: "bytes=0-4", "if-range": '"abc"' },
      { first: 0, last: 4 },
    ],
    [{ range: "bytes=0-4", "if-range": 'W/"abc"' }, "whole"],
    [{ range: "bytes=0-4", "if-range": '"x"' }, "whole"],
    [{ range: "bytes=200-", "if-range": '"x"' }, "whole"],
    [{ range: "bytes=0-4", "if-range": "Tue, 24 Nov 2026 10:00:00 GMT" }, "whole"],
    [{ "if-range": '"x"' }, "whole"],
    [{ "if-modified-since": "Tue, 24 Nov 2099 10:00:00 GMT" }, "whole"],
    [{ "if-unmodified-since": "Tue, 24 Nov 1999 10:00:00 GMT" }, "whole"],
  ])("answers a GET with %j: %j", (headers, expected) => {
    expect(select(headers)).toEqual(expected);
  });

  it("ignores the range of a HEAD, and nothing else", () => {
    expect(select({ range: "bytes=0-4" }, "HEAD")).toBe("whole");
    expect(select({ range: "bytes=200-" }, "HEAD")).toBe("whole");
    expect(select({ "if-none-match": '"abc"' }, "HEAD")).toBe("not_modified");
    expect(select({ "if-match": '"x"' }, "HEAD")).toBe("precondition_failed");
  });

  it("takes a weak ETag of what is there for no strong one", () => {
    const weak = { etag: 'W/"abc"', size: 100 };
    const ask = (name: string, value: string): string =>
      selectBody({ method: "GET", header: (asked) => (asked === name ? value : undefined) }, weak)
        .kind;
    expect(ask("if-match", 'W/"abc"')).toBe("precondition_failed");
    expect(ask("if-none-match", '"abc"')).toBe("not_modified");
  });

  it("is quick about long nonsense", () => {
    for (const nonsense of ['"'.repeat(8001), 'W/"'.repeat(3000), ",".repeat(8000)]) {
      expect(select({ "if-match": nonsense })).toBe("precondition_failed");
    }
  });
});
