import { describe, expect, it } from "vitest";
import { findPrimaries, findTransfer, SRGB } from "../../../src/image/color/color-space.ts";
import { readProfile } from "../../../src/image/color/read-profile.ts";
import { writeProfile } from "../../../src/image/color/write-profile.ts";

/** The numbers of a space, and whether its levels grow as light does. */
const SPACES: [primaries: number, transfer: number, isLinear: boolean][] = [
  [1, 13, false],
  [12, 8, true],
  [9, 1, false],
  [4, 4, false],
  [10, 17, false],
  [22, 7, false],
  [9, 16, false],
  [1, 18, false],
];

describe("writeProfile", () => {
  it.each(SPACES)("writes one of primaries %i and transfer %i", (primaries, transfer, isLinear) => {
    const space = {
      primaries: findPrimaries(primaries) ?? SRGB.primaries,
      transfer: findTransfer(transfer) ?? SRGB.transfer,
    };
    const icc = writeProfile(space) ?? Buffer.of();
    expect(icc.readUInt32BE(0)).toBe(icc.length);
    expect(icc.length % 4).toBe(0);
    expect(readProfile(icc)).toEqual({ model: "rgb", isLinear });
  });

  it("has the published colours of sRGB, adapted to the white of profiles", () => {
    const icc = writeProfile(SRGB) ?? Buffer.of();
    const rows = ["rXYZ", "gXYZ", "bXYZ"].map((name) => {
      const start = icc.readUInt32BE(icc.indexOf(name, 128) + 4) + 8;
      return [0, 4, 8].map((at) => icc.readInt32BE(start + at) / 0x1_00_00);
    });
    const published = [
      [0.4361, 0.2225, 0.0139],
      [0.3851, 0.7169, 0.0971],
      [0.1431, 0.0606, 0.7141],
    ];
    for (const [row, values] of published.entries()) {
      for (const [column, value] of values.entries()) {
        expect(rows[row]?.[column]).toBeCloseTo(value, 3);
      }
    }
  });

  it("writes none of primaries in one line", () => {
    const point = [0.3, 0.3] as const;
    const primaries = { ...SRGB.primaries, red: point, green: point };
    expect(writeProfile({ ...SRGB, primaries })).toBeUndefined();
  });

  it("writes the table of a space once", () => {
    const primaries = findPrimaries(9) ?? SRGB.primaries;
    const [one, other] = [1, 2].map(() => writeProfile({ primaries, transfer: "pq" }));
    expect(one && other?.equals(one)).toBe(true);
  });
});

describe("readProfile", () => {
  const icc = writeProfile(SRGB) ?? Buffer.of();

  it("finds nothing in a part of a profile", () => {
    for (let length = 0; length < icc.length; length += 5) {
      expect(readProfile(icc.subarray(0, length))).toBeUndefined();
    }
  });

  it("finds nothing in a profile without a curve, or for other colours", () => {
    for (const name of ["gTRC", "RGB "]) {
      const changed = Buffer.from(icc);
      changed.write("none", changed.indexOf(name));
      expect(readProfile(changed)).toBeUndefined();
    }
  });
});
