import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ListOptions, ObjectStore, PutOptions, PutResult } from "../../src/store/store.ts";

/** What not every store can hold. What it cannot, it must refuse. */
export interface Capabilities {
  /** `a//b` */
  readonly emptySegments: boolean;
  /** More than 255 bytes between two slashes. */
  readonly longSegments: boolean;
  /** `a` beside `a/b`. */
  readonly nestedKeys: boolean;
}

const ANY_SIZE = 4 * 1024 * 1024;
const INVALID_KEY = { name: "MediaError", code: "invalid_key" };
const TEXT: PutOptions = { contentType: "text/plain" };

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

/** A store under test, and what the tests do with it. */
interface Subject {
  readonly store: ObjectStore;
  newFolder(): string;
  putText(key: string, text: string, options?: Partial<PutOptions>): Promise<PutResult>;
  /** The text of an object, or the kind of the answer. */
  getText(key: string): Promise<string>;
  /** Makes objects that hold their own keys. */
  putNamed(keys: readonly string[]): Promise<void>;
}

/** The promises of `ObjectStore`, to be kept by every store. */
export function describeStore(
  storeName: string,
  createStore: () => Promise<ObjectStore>,
  capabilities: Capabilities,
): void {
  describe(storeName, () => {
    const run = `contract-${randomUUID()}/`;
    let store: ObjectStore | undefined;
    const subject = createSubject(run, () => {
      if (!store) throw new Error("the store is opened before the first test");
      return store;
    });
    beforeAll(async () => {
      store = await createStore();
    });
    afterAll(async () => {
      await subject.store.delete(await listAll(subject.store, { prefix: run }));
    });
    describeObjects(subject);
    describeConditions(subject);
    describeDelete(subject);
    describeList(subject);
    describeKeys(subject, capabilities);
  });
}

function createSubject(run: string, getStore: () => ObjectStore): Subject {
  let folders = 0;
  const putText: Subject["putText"] = (key, text, options) =>
    getStore().put(key, Buffer.from(text), { ...TEXT, ...options });
  return {
    get store() {
      return getStore();
    },
    newFolder: () => `${run}${(folders += 1)}/`,
    putText,
    getText: async (key) => {
      const result = await getStore().get(key, { maxBytes: ANY_SIZE });
      return result.kind === "found" ? Buffer.from(result.bytes).toString() : result.kind;
    },
    putNamed: (keys) =>
      eachOf(keys, async (key) => {
        await putText(key, key);
      }),
  };
}

function describeObjects(subject: Subject): void {
  const { newFolder, putText, getText } = subject;
  it.each([0, 1, 2, 1023, 65_537, 3 * 1024 * 1024])(
    "gives %i bytes back as they were",
    async (size) => {
      const key = `${newFolder()}bytes`;
      const bytes = randomBytes(size);
      await subject.store.put(key, bytes, TEXT);
      const result = await subject.store.get(key, { maxBytes: size });
      expect(result.kind).toBe("found");
      if (result.kind !== "found") return;
      expect(Buffer.compare(result.bytes, bytes)).toBe(0);
      expect(result.info.size).toBe(size);
      expect((await subject.store.head(key))?.size).toBe(size);
    },
  );

  it("takes a view of a larger buffer as it is", async () => {
    const key = `${newFolder()}view`;
    await subject.store.put(key, Buffer.from("xxabcdefxx").subarray(2, 8), TEXT);
    expect(await getText(key)).toBe("abcdef");
  });

  it("keeps what it was given when the caller's buffer changes", async () => {
    const key = `${newFolder()}mine`;
    const bytes = Buffer.from("before");
    await subject.store.put(key, bytes, TEXT);
    bytes.write("after!");
    expect(await getText(key)).toBe("before");
  });

  it("keeps headers and metadata, and has one etag for them", async () => {
    const key = `${newFolder()}cat.webp`;
    const headers = {
      contentType: "image/webp",
      cacheControl: "public, max-age=31536000, immutable",
      contentDisposition: "inline; filename=\"a b.webp\"; filename*=UTF-8''%C3%BC.webp",
      metadata: { "source-etag": '"abc"', sha256: "0f", spec: "w_300,h_200", "cache-tag": "x" },
    };
    const stored = await subject.store.put(key, Buffer.from("webp"), headers);
    const etag = stored.kind === "stored" ? stored.etag : stored.kind;
    expect(etag).toMatch(/^".+"$/);
    expect(await subject.store.head(key)).toEqual({ ...headers, etag, size: 4 });
    const result = await subject.store.get(key, { maxBytes: 4 });
    expect(result).toMatchObject({ kind: "found", info: { ...headers, etag, size: 4 } });
  });

  it("drops the headers of what it overwrites", async () => {
    const key = `${newFolder()}cat.webp`;
    const cacheControl = "max-age=60";
    await putText(key, "old", {
      cacheControl,
      contentDisposition: "inline",
      metadata: { a: "1" },
    });
    await putText(key, "new", { contentType: "image/png", metadata: { b: "2" } });
    const info = await subject.store.head(key);
    expect(info).toEqual({
      etag: info?.etag,
      size: 3,
      contentType: "image/png",
      metadata: { b: "2" },
    });
  });

  it("knows a missing object for certain", async () => {
    const folder = newFolder();
    await putText(`${folder}there`, "x");
    for (const key of ["missing", "missing/too", "there/below", "ther", "there "]) {
      expect(await subject.store.head(folder + key), key).toBeUndefined();
      const result = await subject.store.get(folder + key, { maxBytes: 1, ifNoneMatch: '"a"' });
      expect(result, key).toEqual({ kind: "missing", isDefinite: true });
    }
  });

  it("does not take a folder for an object", async () => {
    const folder = newFolder();
    await putText(`${folder}a/b/c`, "x");
    expect(await subject.store.head(`${folder}a/b`)).toBeUndefined();
    expect((await subject.store.get(`${folder}a`, { maxBytes: 1 })).kind).toBe("missing");
  });

  it("sends no bytes to who has them", async () => {
    const key = `${newFolder()}known`;
    const first = etagOf(await putText(key, "one"));
    const again = await subject.store.get(key, { maxBytes: 3, ifNoneMatch: first });
    expect(again).toEqual({ kind: "not_modified" });
    const second = etagOf(await putText(key, "two"));
    expect(second).not.toBe(first);
    const changed = await subject.store.get(key, { maxBytes: 3, ifNoneMatch: first });
    expect(changed).toMatchObject({ kind: "found", info: { etag: second } });
    expect(await subject.store.get(key, { maxBytes: 3, ifNoneMatch: second })).toEqual({
      kind: "not_modified",
    });
  });

  it("gives every overwrite with other bytes another etag, however fast", async () => {
    const key = `${newFolder()}fast`;
    const etags = new Set<string>();
    for (let round = 100; round < 160; round += 1) {
      etags.add(etagOf(await putText(key, String(round))));
    }
    expect(etags.size).toBe(60);
  });

  it("refuses bytes over the reader's limit and serves on", async () => {
    const key = `${newFolder()}large`;
    await subject.store.put(key, randomBytes(300_000), TEXT);
    const refusals = Array.from({ length: 60 }, () =>
      subject.store.get(key, { maxBytes: 299_999 }),
    );
    for (const refusal of await Promise.allSettled(refusals)) {
      expect(refusal).toMatchObject({
        status: "rejected",
        reason: { name: "MediaError", code: "too_large" },
      });
    }
    const result = await subject.store.get(key, { maxBytes: 300_000 });
    expect(result).toMatchObject({ kind: "found", info: { size: 300_000 } });
  });
}

function describeConditions(subject: Subject): void {
  const { newFolder, putText, getText } = subject;
  it("creates once where nothing must be there", async () => {
    const key = `${newFolder()}once`;
    const metadata = { by: "first" };
    const first = await putText(key, "first", { condition: "absent", metadata });
    expect(first.kind).toBe("stored");
    const second = await putText(key, "second", { condition: "absent", metadata: { by: "2" } });
    expect(second).toEqual({ kind: "precondition_failed" });
    expect(await getText(key)).toBe("first");
    expect(await subject.store.head(key)).toMatchObject({ etag: etagOf(first), metadata });
    await subject.store.delete([key]);
    expect((await putText(key, "third", { condition: "absent" })).kind).toBe("stored");
  });

  it("overwrites only what it was told to", async () => {
    const key = `${newFolder()}cas`;
    const first = etagOf(await putText(key, "one"));
    const wrong = await putText(key, "bad", { condition: { etag: '"00000000"' } });
    expect(wrong).toEqual({ kind: "precondition_failed" });
    const second = await putText(key, "two", { condition: { etag: first } });
    expect(second.kind).toBe("stored");
    const stale = await putText(key, "old", { condition: { etag: first } });
    expect(stale).toEqual({ kind: "precondition_failed" });
    expect(await getText(key)).toBe("two");
    expect((await subject.store.head(key))?.etag).toBe(etagOf(second));
  });

  it("does not overwrite what is not there", async () => {
    const folder = newFolder();
    const never = await putText(`${folder}never`, "x", { condition: { etag: '"abc"' } });
    expect(never).toEqual({ kind: "precondition_failed" });
    const etag = etagOf(await putText(`${folder}gone`, "x"));
    await subject.store.delete([`${folder}gone`]);
    const gone = await putText(`${folder}gone`, "x", { condition: { etag } });
    expect(gone).toEqual({ kind: "precondition_failed" });
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: [] });
  });

  it("lets one of 16 creations win", async () => {
    const folder = newFolder();
    for (let round = 0; round < 5; round += 1) await race(subject, `${folder}${round}`, "absent");
  });

  it("lets one of 16 overwrites win", async () => {
    const folder = newFolder();
    for (let round = 0; round < 5; round += 1) {
      const etag = etagOf(await putText(`${folder}${round}`, "before"));
      await race(subject, `${folder}${round}`, { etag });
    }
  });
}

function describeDelete(subject: Subject): void {
  const { newFolder, putText, putNamed } = subject;
  it("deletes over a thousand at once, and pages through them before", async () => {
    const folder = newFolder();
    const keys = Array.from({ length: 1005 }, (_, index) => `${folder}${index + 1000}`);
    await putNamed(keys);
    const first = await subject.store.list({ prefix: folder });
    expect(first.keys).toEqual(keys.slice(0, 1000));
    expect(first.cursor).toBeDefined();
    const second = await subject.store.list({ prefix: folder, cursor: first.cursor ?? "" });
    expect(second).toEqual({ keys: keys.slice(1000) });
    await subject.store.delete(keys.slice(0, 1004));
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: keys.slice(1004) });
    expect(await subject.store.head(keys[0] ?? "")).toBeUndefined();
  });

  it("does not mind what is not there", async () => {
    const folder = newFolder();
    await putNamed([`${folder}a/b`, `${folder}c`, `${folder}d`]);
    await subject.store.delete([]);
    await subject.store.delete([`${folder}x`, `${folder}c`, `${folder}y/z`, `${folder}c/z`]);
    await subject.store.delete([`${folder}a`, `${folder}c`]);
    expect(await subject.store.list({ prefix: folder })).toEqual({
      keys: [`${folder}a/b`, `${folder}d`],
    });
  });

  it("forgets the headers of what it deleted", async () => {
    const key = `${newFolder()}again`;
    await putText(key, "same", { metadata: { life: "first" }, cacheControl: "max-age=1" });
    await subject.store.delete([key]);
    await putText(key, "same");
    const info = await subject.store.head(key);
    expect(info).toEqual({
      etag: info?.etag,
      size: 4,
      contentType: "text/plain",
      metadata: {},
    });
  });
}

function describeList(subject: Subject): void {
  const { newFolder, putNamed } = subject;
  const tree = ["car", "cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1", "dog/1"];

  it.each<[prefix: string, delimiter: "/" | undefined, keys: readonly string[]]>([
    ["", undefined, tree],
    ["c", undefined, ["car", "cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1"]],
    ["cat", undefined, ["cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1"]],
    ["cat/", undefined, ["cat/1", "cat/2/x", "cat/2/y", "cat/3"]],
    ["cat/2/y", undefined, ["cat/2/y"]],
    ["cow", undefined, []],
    ["cow/bell/", undefined, []],
    ["car/", undefined, []],
    ["", "/", ["car", "cat1"]],
    ["ca", "/", ["car", "cat1"]],
    ["cat/", "/", ["cat/1", "cat/3"]],
    ["cat/2/", "/", ["cat/2/x", "cat/2/y"]],
    ["dog", "/", []],
  ])("lists %j with delimiter %j", async (prefix, delimiter, keys) => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    const page = await subject.store.list({
      prefix: folder + prefix,
      ...(delimiter && { delimiter }),
    });
    expect(page).toEqual({ keys: keys.map((key) => folder + key) });
  });

  it("lists in the order of UTF-8 bytes", async () => {
    const folder = newFolder();
    const ordered = ["!", "-", "A", "B", "a!", "a-b", "a.b", "a/b", "a0", "aa", "b", "ü"];
    // in UTF-16, which JavaScript sorts by, the fox comes before the tilde
    const names = [...ordered, "\u4E2D", "\uFF5E", "🦊", "🦊a", "🦋"];
    await putNamed(names.toReversed().map((key) => folder + key));
    const { keys } = await subject.store.list({ prefix: folder });
    expect(keys.map((key) => key.slice(folder.length))).toEqual(names);
  });

  it("pages through all keys once, whatever the size of a page", async () => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    for (let limit = 1; limit <= tree.length + 1; limit += 1) {
      const keys = await listAll(subject.store, { prefix: folder, limit });
      expect(keys, `limit ${limit}`).toEqual(tree.map((key) => folder + key));
      const flat = await listAll(subject.store, { prefix: `${folder}c`, delimiter: "/", limit });
      expect(flat, `limit ${limit}`).toEqual([`${folder}car`, `${folder}cat1`]);
    }
    expect((await subject.store.list({ prefix: folder, limit: 2 })).keys).toHaveLength(2);
  });

  it("pages on where pages before were deleted", async () => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    const first = await subject.store.list({ prefix: folder, limit: 3 });
    await subject.store.delete(first.keys);
    const rest = await listAll(subject.store, {
      prefix: folder,
      cursor: first.cursor ?? "",
      limit: 3,
    });
    expect(rest).toEqual(tree.slice(3).map((key) => folder + key));
  });
}

function describeKeys(subject: Subject, capabilities: Capabilities): void {
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
      { numRuns: 60 },
    );
  });
}

function etagOf(result: PutResult): string {
  if (result.kind !== "stored") throw new Error(`expected a stored object, got ${result.kind}`);
  return result.etag;
}

async function listAll(store: ObjectStore, options: ListOptions): Promise<readonly string[]> {
  const { keys, cursor } = await store.list(options);
  if (cursor === undefined) return keys;
  return [...keys, ...(await listAll(store, { ...options, cursor }))];
}

/** A few dozen at a time, as a store is used. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}

async function race(
  { store, putText, getText }: Subject,
  key: string,
  condition: NonNullable<PutOptions["condition"]>,
): Promise<void> {
  const texts = Array.from({ length: 16 }, (_, index) => `${index}`.padStart(6));
  const results = await Promise.all(
    texts.map((text) => putText(key, text, { condition, metadata: { by: text.trim() } })),
  );
  const winners = texts.filter((_, index) => results[index]?.kind === "stored");
  const losers = results.filter(({ kind }) => kind === "precondition_failed");
  expect([winners.length, losers.length]).toEqual([1, 15]);
  expect(await getText(key)).toBe(winners[0]);
  expect((await store.head(key))?.metadata).toEqual({ by: winners[0]?.trim() });
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
