import { describe, expect, it } from "vitest";
import { printReadable } from "../../src/service/readable-log.ts";

function print(fields: Readonly<Record<string, unknown>>): string {
  return printReadable(JSON.stringify({ level: 30, time: "2026-01-02T03:04:05.678Z", ...fields }));
}

describe("printReadable", () => {
  it("prints a request in one line", () => {
    const fields = { method: "GET", path: "/w_300/cat.jpg", status: 200, ms: 12.3, bytes: 14_210 };
    const line = "03:04:05 200 GET /w_300/cat.jpg, 12.3 ms, 14.2 kB\n";
    expect(print({ msg: "request", ...fields })).toBe(line);
    expect(print({ msg: "request", ...fields, bytes: 0 })).toBe(line.replace(", 14.2 kB", ""));
  });

  it("prints other messages with their details, and how bad they are", () => {
    const fields = { msg: "a variant was not kept", key: "a.jpg", attempts: 2 };
    const text = "a variant was not kept, key: a.jpg, attempts: 2\n";
    expect(print(fields)).toBe(`03:04:05 ${text}`);
    expect(print({ ...fields, level: 40 })).toBe(`03:04:05 warn: ${text}`);
  });

  it("prints nothing that a terminal obeys", () => {
    expect(print({ msg: "request", path: "/\u001b[2J\u202e" })).toContain("/\uFFFD[2J\uFFFD");
  });
});
