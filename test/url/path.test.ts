import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import type { ParsedPath } from "../../src/url/path.ts";
import { splitTarget, splitPath } from "../../src/url/path.ts";
import { chooseRuns } from "../support/runs.ts";

describe("splitTarget", () => {
  it.each([
    ["/w_300/a.jpg", { path: "w_300/a.jpg", query: "" }],
    ["/w_300/a.jpg?v=1&x", { path: "w_300/a.jpg", query: "v=1&x" }],
    ["/a%20b/c%2Fd", { path: "a b/c/d", query: "" }],
    ["/100%/%zz/%e4%41/%2541", { path: "100%/%zz/%e4%41/%41", query: "" }],
    ["/%C3%BC+%2B", { path: "ü++", query: "" }],
    [`/s--${"A".repeat(22)}--/w_1/a`, { signature: "A".repeat(22), path: "w_1/a", query: "" }],
    ["/s--short--/a.jpg", { signature: "short", path: "a.jpg", query: "" }],
    ["/s----/a.jpg", { signature: "", path: "a.jpg", query: "" }],
    ["/s--x--", { path: "s--x--", query: "" }],
  ])("takes %s apart", (target, parts) => {
    expect(splitTarget(target)).toEqual(parts);
  });

  it("cuts the base path off", () => {
    expect(splitTarget("/i/w_1/a", "/i").path).toBe("w_1/a");
    expect(() => splitTarget("/w_1/a", "/i")).toThrow('must start with "/i/"');
    expect(() => splitTarget("/ix/a", "/i")).toThrow('must start with "/i/"');
  });

  it.each(["http://host/w_1/a.jpg", "*", "", "w_1/a.jpg"])("refuses %s", (target) => {
    expect(() => splitTarget(target)).toThrow(expect.objectContaining({ code: "invalid_path" }));
  });
});

function parsePath(target: string): ParsedPath {
  return splitPath(splitTarget(target).path);
}

describe("splitPath", () => {
  it.each([
    ["/cat.jpg", { key: "cat.jpg", isFenced: false }],
    ["/photos/cat.jpg", { key: "photos/cat.jpg", isFenced: false }],
    ["/w_300", { key: "w_300", isFenced: false }],
    ["/_/w_300/cat.jpg", { key: "w_300/cat.jpg", isFenced: true }],
    ["/_/_/a", { key: "_/a", isFenced: true }],
    ["/_", { key: "_", isFenced: false }],
    ["/t_shirts/red.jpg", { key: "t_shirts/red.jpg", isFenced: false }],
    ["/a//b", { key: "a//b", isFenced: false }],
    ["/w_300/cat.jpg", { key: "cat.jpg", spec: { width: 300 }, isFenced: false }],
    ["/w_300/w_300", { key: "w_300", spec: { width: 300 }, isFenced: false }],
    ["/w_300/_", { key: "_", spec: { width: 300 }, isFenced: false }],
    ["/w_300/_/w_2/a", { key: "w_2/a", spec: { width: 300 }, isFenced: true }],
    ["/w_300/w_30O/a", { key: "w_30O/a", spec: { width: 300 }, isFenced: false }],
    ["/w_300/c_fill/a", { key: "c_fill/a", spec: { width: 300 }, isFenced: false }],
    ["/w_300%2Ch_200/a", { key: "a", spec: { width: 300, height: 200 }, isFenced: false }],
    ["/w_300%26h_200/a", { key: "a", spec: { width: 300, height: 200 }, isFenced: false }],
    ["/w_300/a%2Fb,c&d?x", { key: "a/b,c&d", spec: { width: 300 }, isFenced: false }],
    ["/w_300%2Fa", { key: "a", spec: { width: 300 }, isFenced: false }],
  ])("parses %s", (target, parsed) => {
    expect(parsePath(target)).toMatchObject(parsed);
    if (!("spec" in parsed)) expect(parsePath(target)).not.toHaveProperty("spec");
  });

  it.each([
    ["/", "must not be empty"],
    ["/w_300/", "must not be empty"],
    ["//a.jpg", 'must not begin with "/", got "/a.jpg"'],
    ["/w_300//a.jpg", 'must not begin with "/"'],
    ["/a/", 'must not end with "/", got "a/"'],
    ["/w_300/../../etc/passwd", '"." or ".."'],
    ["/w_300/%2e%2e%2fetc", '"." or ".."'],
    ["/w_300/..%2f..%2fetc", '"." or ".."'],
    ["/../a", '"." or ".."'],
    ["/a/./b", '"." or ".."'],
    ["/w_300/a%00b", "control characters"],
    ["/w_300/a%0d%0ab", "control characters"],
    ["/w_300/a%7fb", "control characters"],
  ])("refuses %s", (target, problem) => {
    expect(() => parsePath(target)).toThrow(expect.objectContaining({ code: "invalid_path" }));
    expect(() => parsePath(target)).toThrow(problem);
  });

  it("refuses keys and paths that are too long", () => {
    expect(() => parsePath(`/w_300/${"a".repeat(1025)}`)).toThrow("at most 1024 bytes");
    expect(() => parsePath(`/w_300/${"%C3%BC".repeat(257)}/${"b".repeat(500)}`)).toThrow(
      "2048 bytes",
    );
    expect(parsePath(`/w_300/${"%C3%BC".repeat(250)}/${"b".repeat(500)}`).key).toHaveLength(751);
  });

  it("refuses a second segment of options", () => {
    expect(() => parsePath("/w_100/w_300/a.jpg")).toThrow(
      'one segment of options, got a second, "w_300"; if "w_300" is a folder, put "_/" before it',
    );
  });

  it("ends in a MediaError or a key without dot segments, whatever it is given", () => {
    const target = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(
          fc.constantFrom(
            "/",
            "%2f",
            "..",
            "%2e",
            ".",
            "%00",
            "w_3",
            ",",
            "_",
            "a",
            "%",
            "\\",
            "s--",
            "--",
          ),
          {
            maxLength: 30,
          },
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(target, (text) => {
        try {
          const { key } = parsePath(`/${text}`);
          expect(key.split("/")).not.toContain("..");
          expect(key).not.toMatch(/^$|^\/|\/$|\p{Cc}/u);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
      { numRuns: chooseRuns(300, 2000) },
    );
  });
});
