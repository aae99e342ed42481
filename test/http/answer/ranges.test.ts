import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countBytes,
  printContentRange,
  printUnsatisfied,
  readRange,
} from "../../../src/http/answer/ranges.ts";

describe("readRange", () => {
  it.each([
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=0-99", { first: 0, last: 99 }],
    ["bytes=10-", { first: 10, last: 99 }],
    ["bytes=99-99", { first: 99, last: 99 }],
    ["bytes=50-1000", { first: 50, last: 99 }],
    ["bytes=50-99999999999999999999999999", { first: 50, last: 99 }],
    ["bytes=-1", { first: 99, last: 99 }],
    ["bytes=-100", { first: 0, last: 99 }],
    ["bytes=-1000", { first: 0, last: 99 }],
    ["BYTES = 5 - 9 ", { first: 5, last: 9 }],
  ])("reads %s of a hundred bytes", (header, range) => {
    expect(readRange(header, 100)).toEqual(range);
  });

  it.each(["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"])(
    "cannot satisfy %s",
    (header) => {
      expect(readRange(header, 100)).toBe("unsatisfiable");
      expect(readRange(header, 0)).toBe("unsatisfiable");
    },
  );

  it.each([
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=9-5",
    "bytes=a-b",
    "bytes=0x1-5",
    "bytes=+1-5",
    "bytes=1.5-2",
    "bytes=--5",
    "bytes=0-1,5-6",
    "bytes=0-1,",
    "items=0-5",
    "0-5",
    "bytes=0-5;x",
  ])("ignores %j", (header) => {
    expect(readRange(header, 100)).toBeUndefined();
  });

  it.each(["bytes=", "bytes=1-", "bytes", "bytes=1"])(
    "ignores %j before a million spaces, which it reads once",
    (begin) => {
      // the square of a million would be minutes
      expect(readRange(`${begin}${" ".repeat(1_000_000)}x`, 100)).toBeUndefined();
    },
  );

  it("gives what is inside of the body, whatever it is asked", () => {
    const position = fc.oneof(fc.constant(""), fc.nat(300).map(String));
    fc.assert(
      fc.property(position, position, fc.nat(200), (from, to, size) => {
        const range = readRange(`bytes=${from}-${to}`, size);
        if (range === undefined || range === "unsatisfiable") return;
        expect(range.first).toBeGreaterThanOrEqual(0);
        expect(range.last).toBeLessThan(size);
        expect(countBytes(range)).toBeGreaterThan(0);
        if (from === "") expect(countBytes(range)).toBeLessThanOrEqual(Number(to));
        else expect(range.first).toBe(Number(from));
      }),
    );
  });

  it("is quick about long nonsense", () => {
    const long = " ".repeat(8000);
    expect(readRange(`bytes=${long}1${long}-${long}x`, 100)).toBeUndefined();
  });
});

describe("Content-Range", () => {
  it("says which bytes, and of how many", () => {
    expect(printContentRange({ first: 3, last: 5 }, 10)).toBe("bytes 3-5/10");
    expect(printUnsatisfied(10)).toBe("bytes */10");
  });
});
