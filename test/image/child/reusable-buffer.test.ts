import { describe, expect, it } from "vitest";
import { createReusableBuffer } from "../../../src/image/child/reusable-buffer.ts";

const MB = 1024 * 1024;

describe("createReusableBuffer", () => {
  it("gives one original the memory of the last", () => {
    const allocate = createReusableBuffer();
    const [first, second] = [allocate(MB), allocate(16 * MB)];
    expect([first.length, second.length]).toEqual([MB, 16 * MB]);
    second.fill(7);
    expect(first.every((byte) => byte === 7)).toBe(true);
  });

  it("gives what is larger memory of its own", () => {
    const allocate = createReusableBuffer();
    const original = allocate(MB).fill(1);
    expect(allocate(16 * MB + 1).fill(2)).toHaveLength(16 * MB + 1);
    expect(original.every((byte) => byte === 1)).toBe(true);
  });
});
