import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { CollectionOptions, Library, ScannedFile } from "../../src/library.ts";
import { createMemoryStore } from "../../src/library.ts";
import type { ObjectStore } from "../../src/store/store.ts";
import {
  accept,
  codeOf,
  collect,
  createScratch,
  drawUnique,
  listKeys,
  openLibrary,
} from "../support/library/library.ts";

let library: Library;
let originals: ObjectStore;
let scratch: Awaited<ReturnType<typeof createScratch>>;
let names = 0;

beforeAll(async () => {
  originals = createMemoryStore();
  library = openLibrary({ originals, variants: createMemoryStore() });
  scratch = await createScratch();
});
afterAll(async () => {
  await library.close();
  await scratch.remove();
});

/** A new collection. */
function open(options: CollectionOptions = {}) {
  names += 1;
  return library.collection(`c${names}`, options);
}

async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* breakOff(): AsyncGenerator<Uint8Array> {
  yield await drawUnique();
  throw new Error("the client has gone");
}

describe("put", () => {
  it("takes files of every kind of body, byte for byte", async () => {
    const collection = open();
    const bytes = await drawUnique();
    const path = join(tmpdir(), `${names}-Fähre.jpg`);
    await writeFile(path, bytes);
    const bodies = [
      new File([bytes], "a.jpg"),
      new Blob([bytes]),
      bytes,
      Buffer.from(bytes),
      bytes.buffer,
      stream(bytes.subarray(0, 100), bytes.subarray(100)),
      new Blob([bytes]).stream(),
      { path },
    ];
    const hashes = [];
    for (const body of bodies) {
      const { item } = accept(await collection.put(body));
      hashes.push(item.sha256);
      expect(new Uint8Array(await (await item.file()).arrayBuffer())).toEqual(bytes);
    }
    expect(new Set(hashes).size).toBe(1);
    const fromPath = accept(await collection.put({ path }));
    expect(fromPath.item.name).toBe(`${names}-Fähre.jpg`);
  });

  it("refuses what is empty, too long, or not as long as it was declared, and keeps nothing", async () => {
    const bytes = await drawUnique();
    const collection = open({ maxBytes: bytes.length });
    const put = async (body: Parameters<typeof collection.put>[0], size?: number) =>
      codeOf(await collection.put(body, { size }));
    expect(await put(new Uint8Array())).toBe("unusable");
    expect(await put(stream())).toBe("unusable");
    expect(await put(new Uint8Array(bytes.length + 1))).toBe("too_large");
    expect(await put(stream(bytes, new Uint8Array(1)))).toBe("too_large");
    expect(await put(stream(bytes), bytes.length - 1)).toBe("unusable");
    expect(await put(stream(bytes), bytes.length + 1)).toBe("too_large");
    expect(await put(stream(bytes.subarray(0, -9)), bytes.length)).toBe("unusable");
    expect(await listKeys(originals, `c${names}/`)).toEqual([]);
    expect(await put(stream(bytes), bytes.length)).toBe("taken");
  });

  it("ends an endless stream at the limit", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1000;
        yield new Uint8Array(1000);
      }
    }
    expect(codeOf(await open({ maxBytes: 10_000 }).put(endless()))).toBe("too_large");
    expect(given).toBeLessThanOrEqual(12_000);
  });

  it("throws what a stream throws, and keeps nothing", async () => {
    const collection = open();
    await expect(collection.put(breakOff())).rejects.toThrow("the client has gone");
    expect(await listKeys(originals, `c${names}/`)).toEqual([]);
  });

  it("goes by the bytes, and not by names or types", async () => {
    const collection = open();
    const html = new File(["<script>alert(1)</script>"], "a.jpg", { type: "image/jpeg" });
    expect(codeOf(await collection.put(html))).toBe("unsupported");
    const image = new File([await drawUnique()], "../../evil\u202Egpj.html", { type: "text/html" });
    const { item } = accept(await collection.put(image));
    expect(item).toMatchObject({ type: "image/jpeg", name: "evilgpj.html" });
    expect(item.key).toMatch(/^c\d+\/[\da-z]{26}\.jpg$/);
    const info = await originals.head(item.key);
    expect(info?.contentType).toBe("image/jpeg");
    expect(info?.contentDisposition).toBe('inline; filename="evilgpj.html"');
  });

  it("gives an image with something behind it out as the image that it is", async () => {
    const polyglot = Buffer.concat([await drawUnique(), Buffer.from("<html><script></script>")]);
    const { item } = accept(await open().put(polyglot));
    expect((await originals.head(item.key))?.contentType).toBe("image/jpeg");
  });

  it("refuses an image that is cut off before its first line", async () => {
    const bytes = await drawUnique();
    const collection = open();
    expect(codeOf(await collection.put(bytes.subarray(0, 30)))).toBe("unusable");
    expect(await listKeys(originals, `c${names}/`)).toEqual([]);
  });

  it("names unicode right in the headers of a download", async () => {
    const { item } = accept(await open().put(await drawUnique(), { name: "Fähre (1) ☃.jpg" }));
    expect((await originals.head(item.key))?.contentDisposition).toBe(
      "inline; filename=\"F_hre (1) _.jpg\"; filename*=UTF-8''F%C3%A4hre%20%281%29%20%E2%98%83.jpg",
    );
  });

  it("names files by a function, whose key must be free unless it is to be replaced", async () => {
    const avatars = open({ key: ({ owner, extension }) => `${owner}.${extension}` });
    const first = accept(await avatars.put(await drawUnique(), { owner: "ann" })).item;
    expect(first.key).toBe(`c${names}/ann/ann.jpg`);
    expect(codeOf(await avatars.put(await drawUnique(), { owner: "ann" }))).toBe("exists");
    const replaced = await avatars.put(await drawUnique(), { owner: "ann", replace: true });
    expect(accept(replaced).item.sha256).not.toBe(first.sha256);
    expect((await avatars.get(first.key))?.sha256).toBe(accept(replaced).item.sha256);
    const outside = open({ key: () => "../../secret.jpg" });
    expect(codeOf(await outside.put(await drawUnique()))).toBe("invalid_key");
    expect(codeOf(await outside.put(await drawUnique(), { key: "other/a.jpg" }))).toBe(
      "invalid_key",
    );
  });

  it("keeps what is under a key when names are by content", async () => {
    const files = open({ key: "content" });
    const key = `c${names}/logo.jpg`;
    const { item } = accept(await files.put(await drawUnique(), { key }));
    expect(codeOf(await files.put(await drawUnique(), { key }))).toBe("exists");
    expect((await files.get(key))?.sha256).toBe(item.sha256);
    const replaced = accept(await files.put(await drawUnique(), { key, replace: true })).item;
    expect((await files.get(key))?.sha256).toBe(replaced.sha256);
  });

  it("refuses owners that are no folder, and keys in the folders of others", async () => {
    const files = open();
    const bytes = await drawUnique();
    for (const owner of ["", "..", "a/b", "a\u0000", ".quota.json", "x".repeat(201)]) {
      expect(codeOf(await files.put(bytes, { owner })), owner).toBe("invalid_key");
    }
    const key = `c${names}/bob/a.jpg`;
    expect(codeOf(await files.put(bytes, { owner: "ann", key }))).toBe("invalid_key");
    expect(codeOf(await files.put(bytes, { owner: "bob", key }))).toBe("taken");
  });

  it("takes whole keys under the prefix of originals, in the folder of their owner", async () => {
    const store = { originals: createMemoryStore(), variants: createMemoryStore() };
    const prefixed = openLibrary(store, { ORIGINALS_PREFIX: "media/" });
    const bytes = await drawUnique();
    const put = (key: string) => prefixed.files.put(bytes, { owner: "ann", key });
    expect(codeOf(await put("media/posts/ann/a.jpg"))).toBe("taken");
    expect(codeOf(await put("media/posts/bob/a.jpg"))).toBe("invalid_key");
    expect(codeOf(await put("posts/ann/a.jpg"))).toBe("invalid_key");
    await prefixed.close();
  });

  it("refuses metadata that are no object, or too deep, and points outside of the image", async () => {
    const files = open();
    const bytes = await drawUnique();
    const deep = JSON.parse(`${'{"a":'.repeat(9000)}1${"}".repeat(9000)}`);
    for (const meta of ["text", 5, [1], deep]) {
      expect(codeOf(await files.put(bytes, { meta }))).toBe("invalid_metadata");
    }
    for (const focal of [
      { x: 5, y: 0 },
      { x: 0, y: NaN },
    ]) {
      expect(codeOf(await files.put(bytes, { focal }))).toBe("invalid_metadata");
    }
    expect(await collect(files.list())).toEqual([]);
  });

  it("lets a scan look before anybody else can, and refuse", async () => {
    const seen: ScannedFile[] = [];
    let listed: readonly string[] = ["not looked"];
    const collection = open({
      scan: async (file) => {
        seen.push(file);
        listed = await listKeys(originals, `c${names}/`);
        if (file.name === "virus.jpg") return "the file has a virus";
        if (file.name === "fault.jpg") throw new Error("the scanner is away");
        return undefined;
      },
    });
    expect(await collection.put(await drawUnique(), { name: "virus.jpg" })).toEqual({
      ok: false,
      code: "refused_by_scan",
      message: "the file has a virus",
    });
    await expect(collection.put(await drawUnique(), { name: "fault.jpg" })).rejects.toThrow("away");
    expect([listed, await listKeys(originals, `c${names}/`)]).toEqual([[], []]);
    expect(codeOf(await collection.put(await drawUnique(), { name: "good.jpg" }))).toBe("taken");
    expect(seen[2]).toMatchObject({ name: "good.jpg", type: "image/jpeg" });
  });

  it("ends with its signal, while a scan hangs", async () => {
    const stop = new AbortController();
    const collection = open({
      scan: () => {
        stop.abort(new Error("enough"));
        return new Promise(() => {});
      },
    });
    const put = collection.put(await drawUnique(), { signal: stop.signal });
    await expect(put).rejects.toThrow("enough");
    expect(await listKeys(originals, `c${names}/`)).toEqual([]);
  });

  it("checks metadata by the schema, and names all that is wrong", async () => {
    const collection = library.collection("checked", {
      meta: z.object({ alt: z.string(), rank: z.number().default(1) }),
    });
    const wrong = { alt: 5 } as unknown as { alt: string };
    const refusal = await collection.put(await drawUnique(), { meta: wrong });
    expect(refusal).toMatchObject({ ok: false, code: "invalid_metadata" });
    expect(refusal.ok || refusal.message).toMatch(/^the metadata is wrong: alt: /);
    const { item } = accept(await collection.put(await drawUnique(), { meta: { alt: "a" } }));
    expect((await collection.get(item.key))?.meta).toEqual({ alt: "a", rank: 1 });
  });

  it("refuses names of collections that are no folder of their own", () => {
    for (const name of ["a/b", "..", "trash", "variants", "incoming", "masters", "-", "ü"]) {
      expect(() => library.collection(name), name).toThrow("the name of a collection");
    }
  });

  it("refuses presets that the service does not have", () => {
    expect(() => open({ presets: ["card", "crad"] })).toThrow('there is no preset "crad"');
  });

  it("refuses quotas on a store that knows no conditions", async () => {
    const plain = createMemoryStore();
    const careless: ObjectStore = {
      ...plain,
      put: (key, bytes, { contentType }) => plain.put(key, bytes, { contentType }),
    };
    const other = openLibrary({ originals: careless, variants: createMemoryStore() });
    const limited = other.collection("limited", { quota: { items: 1, per: "collection" } });
    await expect(limited.put(await drawUnique())).rejects.toThrow("If-Match");
    expect(await collect(other.collection("free").list())).toEqual([]);
    await other.close();
  });
});
