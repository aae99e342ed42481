import { describe, expect, it } from "vitest";
import { createRoom } from "../../src/image/room.ts";

const KB = 1024;
const MB = 1024 * KB;

describe("createRoom", () => {
  it("gives one original the memory of the last", () => {
    const room = createRoom();
    const first = room.allocate(MB);
    const second = room.allocate(2 * MB);
    expect([first.length, second.length]).toEqual([MB, 2 * MB]);
    second.fill(7);
    expect(first.every((byte) => byte === 7)).toBe(true);
  });

  it.each([
    ["a header, which may have no body", 64 * KB],
    ["what is larger than it", 16 * MB + 1],
  ])("leaves the last original alone for %s", (_, bytes) => {
    const room = createRoom();
    const original = room.allocate(MB).fill(1);
    expect(room.allocate(bytes).fill(2)).toHaveLength(bytes);
    expect(original.every((byte) => byte === 1)).toBe(true);
  });

  it("leaves what was abandoned alone", () => {
    const room = createRoom();
    const original = room.allocate(MB).fill(1);
    room.abandon();
    room.allocate(16 * MB).fill(2);
    expect(original.every((byte) => byte === 1)).toBe(true);
  });
});
