import { describe, expect, it } from "vitest";
import { hintForPiece, isReservedName, WORDS } from "../../src/transform/names.ts";
import { FIELDS, OPTIONS } from "../../src/transform/options.ts";

describe("isReservedName", () => {
  it("knows every option, every alias, and the names of other services", () => {
    const options = FIELDS.map((field) => OPTIONS[field]);
    const names = options.flatMap(({ label, aliases = [] }) => [label, ...aliases]);
    for (const name of names) expect(isReservedName(`${name}_`)).toBe(true);
    for (const name of "s resize fit blur sharpen".split(" ")) {
      expect(isReservedName(`${name}_x`)).toBe(true);
    }
    for (const name of "l u if o bo co x y z d $a".split(" ")) {
      expect(isReservedName(`${name}_1`)).toBe(true);
      expect(hintForPiece(`${name}_1`)).toBeDefined();
    }
  });

  it("knows every word", () => {
    for (const word of [...WORDS.keys(), "flip", "flop", "enlarge"]) {
      expect(isReservedName(word)).toBe(true);
    }
  });

  it.each(["photos", "my_photos", "a", "w", "width", "2024_01", "", "_", "W_3"])(
    "leaves %j alone",
    (piece) => {
      expect(isReservedName(piece)).toBe(false);
    },
  );
});
