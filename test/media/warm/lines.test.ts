import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { readEntries } from "../../../src/media/warm/lines.ts";
import type { WarmEntry } from "../../../src/media/warm/request.ts";
import { parseWarmRequests } from "../../../src/media/warm/request.ts";
import { collect, each } from "../../support/media/warm.ts";

function encode(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  return each(chunks.map((chunk) => new TextEncoder().encode(chunk)));
}

function shownOf(entries: readonly WarmEntry[]): unknown[] {
  return entries.map((entry) =>
    "problem" in entry ? [entry.line, entry.problem.message] : [entry.key, entry.outputs],
  );
}

describe("readEntries", () => {
  const standard = { transforms: ["w_1"], formats: [] };

  it("reads lines however they are cut, with either end", async () => {
    const text = '{"key":"ä.jpg"}\r\n\n{"keys":["b.jpg","c.jpg"],"transforms":["w_2"]}';
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at += 1) {
      const chunks = each([bytes.slice(0, at), bytes.slice(at)]);
      expect(shownOf(await collect(readEntries(chunks, { standard })))).toEqual([
        ["ä.jpg", [standard]],
        ["b.jpg", [{ transforms: ["w_2"], formats: [] }]],
        ["c.jpg", [{ transforms: ["w_2"], formats: [] }]],
      ]);
    }
  });

  it("takes plain keys where it may", async () => {
    const options = { standard, hasPlainKeys: true };
    const entries = await collect(readEntries(encode("a b.jpg\n", '{"key":"{.jpg"}'), options));
    expect(shownOf(entries)).toEqual([
      ["a b.jpg", [standard]],
      ["{.jpg", [standard]],
    ]);
    const [wrong] = await collect(readEntries(encode("a.jpg"), { standard }));
    expect(shownOf([wrong as WarmEntry])).toEqual([[1, "the text must be JSON"]]);
  });

  it("passes over a line that is too long, or no UTF-8, without holding it", async () => {
    const long = "x".repeat(40 * 1024);
    const bad = new Uint8Array([0xc3, 0x28, 10]);
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      yield* encode("a.jpg\n", long, long, long, "\n");
      yield bad;
      yield* encode("b.jpg");
    };
    const entries = await collect(readEntries(chunks(), { standard, hasPlainKeys: true }));
    expect(shownOf(entries)).toEqual([
      ["a.jpg", [standard]],
      [2, "a line must have at most 65536 bytes"],
      [3, "a line must be UTF-8"],
      ["b.jpg", [standard]],
    ]);
  });
});

describe("readOrders", () => {
  it.each([
    ["", "the text must be JSON"],
    ["[]", "the JSON must be an object of key or keys, transforms, presets, formats"],
    ["{}", '"key" or "keys" must be given'],
    ['{"key":"a.jpg"}', '"transforms", "presets" or "formats" must be given'],
    ['{"key":1,"transforms":["w_1"]}', '"key" must be a text'],
    ['{"keys":"a.jpg","transforms":["w_1"]}', '"keys" must be a list'],
    ['{"keys":[1],"transforms":["w_1"]}', '"keys" must hold texts'],
    [
      '{"key":"a.jpg","specs":["w_1"]}',
      'there is no "specs" here, only key, keys, transforms, presets, formats',
    ],
    [
      JSON.stringify({ key: "a.jpg", transforms: Array.from({ length: 257 }, (_, n) => `w_${n}`) }),
      "an original must have at most 256 combinations of transforms and formats, got 257",
    ],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseWarmRequests(text)).toThrow(new MediaError("invalid_body", message));
  });
});
