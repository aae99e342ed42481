import fc from "fast-check";
import { expect, it } from "vitest";
import type { Capabilities, Subject } from "./contract-subject.ts";
import { etagOf } from "./contract-subject.ts";
import { chooseRuns } from "../runs.ts";

const INVALID_KEY = { name: "MediaError", code: "invalid_key" };

const KEYS: readonly string[] = [
  "plain.jpg",
  "UPPER.jpg",
  "upper.jpg",
  "two words.jpg",
  " edges ",
  "a+b.jpg",
  "a%20b.jpg",
  "100%",
  "%41",
  "A",
  "a%2Fb",
  "a%2fb",
  "a#b",
  "a?b=c&d=e",
  'it\'s "quoted"',
  "<tag>&amp;&#65;",
  "🦊.png",
  "\uFF5E",
  "\u00FC", // NFC
  "u\u0308", // NFD
  "back\\slash",
  "w_300,h_200.webp",
  "ar_16:9",
  "..hidden",
  "...",
  "-dash",
  "(parens)!*",
  "$HOME`;|",
  "{a}[b]^~@=",
  "日本語/ファイル.png",
  "deep/er/and/deeper",
];

export function describeKeys(subject: Subject, capabilities: Capabilities): void {
  const { newFolder, putText, getText, putNamed } = subject;
  it.each(KEYS)("holds the key %j byte for byte", async (name) => {
    await expectExact(subject, newFolder(), name);
  });

  it("tells all of these keys apart", async () => {
    const folder = newFolder();
    await putNamed(KEYS.map((key) => folder + key));
    for (const key of KEYS) expect(await getText(folder + key)).toBe(folder + key);
    const { keys } = await subject.store.list({ prefix: folder });
    const expected = KEYS.map((key) => Buffer.from(folder + key)).toSorted(Buffer.compare);
    expect(keys).toEqual(expected.map((key) => key.toString()));
    await subject.store.delete(KEYS.map((key) => folder + key));
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: [] });
  });

  it.each(["a", "ü", "🦊"])("holds a key of 1000 bytes made of %j", async (character) => {
    const folder = newFolder();
    const segment = character.repeat(196 / Buffer.byteLength(character));
    const path = `${segment}/${segment}/${segment}/${segment}/`;
    const rest = 1000 - Buffer.byteLength(folder + path);
    const name = path + "z".repeat(rest);
    expect(Buffer.byteLength(folder + name)).toBe(1000);
    await expectExact(subject, folder, name);
  });

  it("holds a segment of 255 bytes", async () => {
    await expectExact(subject, newFolder(), `${"s".repeat(255)}/${"ü".repeat(127)}`);
  });

  it.each([
    ["empty segments", capabilities.emptySegments, "a//b"],
    ["an empty segment at the end", capabilities.emptySegments, "a/"],
    ["a segment of 256 bytes", capabilities.longSegments, "s".repeat(256)],
    ["a segment of 256 bytes, not characters", capabilities.longSegments, "ü".repeat(128)],
    ["a folder of 300 bytes", capabilities.longSegments, `${"s".repeat(300)}/a`],
  ])("holds, or refuses everywhere, %s", async (_, isCapable, name) => {
    const folder = newFolder();
    if (isCapable) await expectExact(subject, folder, name);
    else await expectRefused(subject, folder + name);
  });

  it("holds, or refuses to write, a key beside keys below it", async () => {
    const folder = newFolder();
    const nested: readonly [string, string] = [`${folder}a`, `${folder}a/b`];
    for (const [first, second] of [nested, nested.toReversed()]) {
      await putText(first ?? "", "first");
      const write = putText(second ?? "", "second");
      if (capabilities.nestedKeys) await write;
      else await expect(write).rejects.toMatchObject(INVALID_KEY);
      expect(await getText(first ?? "")).toBe("first");
      const found = capabilities.nestedKeys ? "second" : "missing";
      expect(await getText(second ?? "")).toBe(found);
      await subject.store.delete(nested);
      expect(await subject.store.list({ prefix: folder })).toEqual({ keys: [] });
    }
  });

  it("holds any key at all", async () => {
    const folder = newFolder();
    const segment = fc
      .string({ unit: "binary", minLength: 1, maxLength: 30 })
      .filter((text) => !/[\p{Cc}\p{Cs}/]/u.test(text) && text !== "." && text !== "..");
    const keys = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
    await fc.assert(
      fc.asyncProperty(keys, async (name) => expectExact(subject, folder, name)),
      { numRuns: chooseRuns(15, 60) },
    );
  });
}

async function expectExact(
  { store, putText, getText }: Subject,
  folder: string,
  name: string,
): Promise<void> {
  const key = folder + name;
  const etag = etagOf(await putText(key, name));
  expect(await getText(key)).toBe(name);
  expect((await store.head(key))?.etag).toBe(etag);
  expect(await store.list({ prefix: folder })).toEqual({ keys: [key] });
  expect(await store.list({ prefix: key })).toEqual({ keys: [key] });
  await store.delete([key]);
  expect(await store.head(key)).toBeUndefined();
}

async function expectRefused({ store, putText }: Subject, key: string): Promise<void> {
  const calls = [
    putText(key, "x"),
    putText(key, "x", { condition: "absent" }),
    store.head(key),
    store.get(key, { maxBytes: 1 }),
    store.delete([key]),
  ];
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ status: "rejected", reason: INVALID_KEY });
  }
}
