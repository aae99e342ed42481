import { describe, expect, it } from "vitest";
import { allocateBytes, freeBytes } from "../../../src/media/originals/bytes.ts";

describe("freeBytes", () => {
  it.each([0, 1, 10_000_000])(
    "leaves nothing of %d bytes that are large enough to matter",
    (size) => {
      const bytes = allocateBytes(size);
      bytes.fill(7);
      expect(bytes).toHaveLength(size);
      expect(bytes.every((byte) => byte === 7)).toBe(true);
      freeBytes(bytes);
      expect(bytes.length).toBe(size < 1_000_000 ? size : 0);
    },
  );

  it("leaves bytes alone that others have allocated", () => {
    const bytes = Buffer.alloc(1_000_000, 7);
    freeBytes(bytes);
    expect(bytes).toHaveLength(1_000_000);
  });

  it("gives their memory back to the system at once", () => {
    const before = process.memoryUsage.rss();
    for (let turn = 0; turn < 20; turn += 1) {
      const bytes = allocateBytes(50_000_000).fill(1);
      freeBytes(bytes);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
  });
});
