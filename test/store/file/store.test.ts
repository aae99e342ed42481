import { mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileStore } from "../../../src/store/file/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { describeStore, describeStorePages } from "../../support/store/contract.ts";
import { makePipe, openScratch, TEXT } from "../../support/store/file-scratch.ts";

const scratch = openScratch();
const { read, put, listAll } = scratch;

async function openTemporary(): Promise<ObjectStore> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-"));
  return createFileStore({ root: folder });
}

describe("createFileStore, as any store", () => {
  describeStore("createFileStore", openTemporary, {
    emptySegments: false,
    longSegments: false,
    nestedKeys: false,
  });
  describeStorePages("createFileStore", openTemporary);
});

describe("createFileStore", () => {
  it("is a plain folder: an object is the file of its name", async () => {
    await put("a/b.txt", "hello");
    expect(await readFile(join(scratch.root, "a/b.txt"), "utf8")).toBe("hello");
  });

  it("takes files put there by hand for objects without metadata", async () => {
    await mkdir(join(scratch.root, "photos"));
    await writeFile(join(scratch.root, "photos/cat.jpg"), "cat");
    expect(await scratch.store.head("photos/cat.jpg")).toEqual({
      etag: expect.stringMatching(/^"[\da-f]{32}"$/),
      size: 3,
      metadata: {},
    });
    expect(await read("photos/cat.jpg")).toBe("cat");
    expect(await listAll()).toEqual(["photos/cat.jpg"]);
  });

  it("keeps headers and etag when it is opened anew", async () => {
    const headers = { ...TEXT, cacheControl: "max-age=1", metadata: { a: "1" } };
    await scratch.store.put("a/b", Buffer.from("x"), headers);
    const before = await scratch.store.head("a/b");
    expect(before).toMatchObject(headers);
    expect(await createFileStore({ root: scratch.root }).head("a/b")).toEqual(before);
  });

  it("reads headers that another process has written, the first of all", async () => {
    await writeFile(join(scratch.root, "by-hand"), "x");
    expect(await scratch.store.head("by-hand")).toMatchObject({ metadata: {} });
    // another path is another store, as another process has
    await symlink(scratch.root, join(scratch.parent, "alias"));
    const other = createFileStore({ root: join(scratch.parent, "alias") });
    const headers = { ...TEXT, metadata: { a: "1" } };
    await other.put("a", Buffer.from("x"), headers);
    expect(await scratch.store.head("a")).toMatchObject(headers);
    expect(await scratch.store.head("by-hand")).toMatchObject({ size: 1, metadata: {} });
  });

  it("sees that a file was edited by hand, and forgets its headers", async () => {
    await scratch.store.put("a", Buffer.from("before"), { ...TEXT, metadata: { sha256: "00" } });
    const before = await scratch.store.head("a");
    await writeFile(join(scratch.root, "a"), "after!");
    const after = await scratch.store.head("a");
    expect(after?.etag).not.toBe(before?.etag);
    expect(after).toEqual({ etag: after?.etag, size: 6, metadata: {} });
    const stale = { ...TEXT, condition: { etag: before?.etag ?? "" } };
    expect((await scratch.store.put("a", Buffer.from("x"), stale)).kind).toBe(
      "precondition_failed",
    );
  });

  it("never gives two of many quick overwrites the same etag", async () => {
    const etags = new Set<string>();
    for (let round = 1000; round < 1300; round += 1) {
      const result = await put("a", String(round));
      if (result.kind === "stored") etags.add(result.etag);
    }
    expect(etags.size).toBe(300);
  });

  describe("what is no file", () => {
    it("is missing, and does not hold up the reader", async () => {
      makePipe(join(scratch.root, "fifo"));
      await mkdir(join(scratch.root, "folder"));
      await symlink("loop", join(scratch.root, "loop"));
      await symlink("nowhere", join(scratch.root, "dangling"));
      for (const key of ["fifo", "folder", "loop", "dangling", "fifo/below"]) {
        expect(await scratch.store.head(key), key).toBeUndefined();
        expect(await read(key), key).toBe("missing");
      }
      expect(await listAll()).toEqual([]);
    }, 2000);
  });

  it("takes away folders that a deletion has emptied, and no others", async () => {
    await put("a/b/c/d", "x");
    await put("a/e", "x");
    await scratch.store.delete(["a/b/c/d"]);
    expect(await readdir(join(scratch.root, "a"))).toEqual(["e"]);
    await scratch.store.delete(["a/e"]);
    expect(await readdir(scratch.root)).toEqual([".shift-media"]);
    expect((await stat(scratch.root)).isDirectory()).toBe(true);
  });

  it("does so below a root given as a relative path", async () => {
    const relativeRoot = `./${relative(process.cwd(), scratch.root)}/`;
    const same = createFileStore({ root: relativeRoot });
    await same.put("a/b/c", Buffer.from("x"), TEXT);
    expect(await read("a/b/c", same)).toBe("x");
    await same.delete(["a/b/c"]);
    expect(await readdir(scratch.root)).toEqual([".shift-media"]);
  });
});
