import { describe, expect, it } from "vitest";
import { advise } from "../../src/transform/advice.ts";
import { asFlag, RENAMED, REWRITTEN, WORDS } from "../../src/transform/aliases.ts";
import { FIELDS, LABELS } from "../../src/transform/fields.ts";
import { isTaken } from "../../src/transform/names.ts";
import { VALUES } from "../../src/transform/options.ts";

describe("isTaken", () => {
  it("knows every option, every alias, and what is kept back", () => {
    const labels = FIELDS.map((field) => `${LABELS[field]}_`);
    const aliases = [...RENAMED.keys(), ...REWRITTEN.keys()].map((name) => `${name}_x`);
    for (const piece of [...labels, ...aliases]) expect(isTaken(piece)).toBe(true);
    for (const name of "l u if o bo co x y z d $a".split(" ")) {
      expect(isTaken(`${name}_1`)).toBe(true);
      expect(advise(`${name}_1`)).toBeDefined();
    }
  });

  it("knows every word", () => {
    for (const word of WORDS.keys()) expect(isTaken(word)).toBe(true);
    for (const word of ["flip", "flop", "enlarge"]) {
      expect(asFlag(word)).toBe(word);
      expect(isTaken(word)).toBe(true);
    }
  });

  it.each(["photos", "my_photos", "a", "w", "width", "2024_01", "", "_", "W_3"])(
    "leaves %j alone",
    (piece) => {
      expect(isTaken(piece)).toBe(false);
    },
  );
});

describe("VALUES", () => {
  it("has the fields of LABELS in the same order", () => {
    expect(Object.keys(VALUES)).toEqual(FIELDS);
  });
});
