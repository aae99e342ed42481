import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLibraryKey, checkOwner, cleanName, createId } from "../../src/library/names.ts";

describe("cleanName", () => {
  it.each([
    [undefined, "file"],
    ["", "file"],
    ["..", "file"],
    ["a/b/../c.jpg", "c.jpg"],
    ["C:\\photos\\cat.jpg", "cat.jpg"],
    ["photo\u202Egpj.exe", "photogpj.exe"],
    ["a\0b\n.jpg", "ab.jpg"],
    ["Fa\u0308hre.jpg", "F\u00E4hre.jpg"],
    ["  spaces .png ", "spaces .png"],
    [`${"a".repeat(300)}.jpg`, `${"a".repeat(196)}.jpg`],
    ["🦊".repeat(300), "🦊".repeat(200)],
  ])("makes %j to %j", (given, name) => {
    expect(cleanName(given)).toBe(name);
  });

  it("gives a name of at most 200 characters without folders or controls for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        const name = cleanName(text);
        expect(Array.from(name).length).toBeGreaterThan(0);
        expect(Array.from(name).length).toBeLessThanOrEqual(200);
        expect(name).not.toMatch(/[/\\\p{Cc}\p{Surrogate}\u202A-\u202E\u2066-\u2069]/u);
        expect(cleanName(name)).toBe(name);
      }),
    );
  });
});

describe("createId", () => {
  it("gives 26 characters that sort by time, and no two alike", () => {
    const times = [0, 1, 31, 32, 1024, Date.now(), Date.now() + 1, 2 ** 48 - 1];
    const ids = times.map(createId);
    expect(ids).toEqual(ids.toSorted());
    for (const id of ids) expect(id).toMatch(/^[\da-z]{26}$/);
    expect(new Set(Array.from({ length: 1000 }, () => createId(5))).size).toBe(1000);
  });
});

describe("checkLibraryKey", () => {
  it.each([
    "",
    "/a",
    "a/../b.jpg",
    "a\0b",
    "variants/1/a.jpg",
    "variants",
    "trash/7/a.jpg",
    "incoming/a",
    "masters/1/a",
    "posts/a.jpg.json",
    "a".repeat(1025),
  ])("refuses %j", (key) => {
    expect(() => checkLibraryKey(key, "variants/")).toThrow(
      expect.objectContaining({ name: "MediaError" }),
    );
  });

  it.each(["a.jpg", "posts/ann/ü ☃+%.jpg", "trashy/a.jpg", "a//b.jpg"])(
    "lets %j through",
    (key) => {
      expect(() => checkLibraryKey(key, "variants/")).not.toThrow();
    },
  );
});

describe("checkOwner", () => {
  it.each(["", "a/b", "..", "a\n", "a".repeat(201)])("refuses %j", (owner) => {
    expect(() => checkOwner(owner)).toThrow(expect.objectContaining({ name: "MediaError" }));
  });

  it.each(["ann", "ann@example.com", "01ü", "a".repeat(200)])("lets %j through", (owner) => {
    expect(() => checkOwner(owner)).not.toThrow();
  });
});
