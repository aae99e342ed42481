import { execFile, execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileStore } from "../../src/store/file.ts";
import type { ObjectStore } from "../../src/store/store.ts";
import { describeStore } from "./contract.ts";

const FILE_STORE = new URL("../../src/store/file.ts", import.meta.url);
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const TEXT = { contentType: "text/plain" };
const INVALID_KEY = { name: "MediaError", code: "invalid_key" };
const STORE_FAILED = { name: "MediaError", code: "store_failed" };

let parent: string;
let root: string;
let store: ObjectStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "shift-media-"));
  root = join(parent, "root");
  await mkdir(root);
  store = createFileStore({ root });
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const read = async (key: string, from: ObjectStore = store) => {
  const result = await from.get(key, { maxBytes: 1_000_000 });
  return result.kind === "found" ? Buffer.from(result.bytes).toString() : result.kind;
};
const put = (key: string, text: string) => store.put(key, Buffer.from(text), TEXT);
const listAll = async () => (await store.list({ prefix: "" })).keys;

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
});

describe("createFileStore", () => {
  it("is a plain folder: an object is the file of its name", async () => {
    await put("a/b.txt", "hello");
    expect(await readFile(join(root, "a/b.txt"), "utf8")).toBe("hello");
  });

  it("takes files put there by hand for objects without metadata", async () => {
    await mkdir(join(root, "photos"));
    await writeFile(join(root, "photos/cat.jpg"), "cat");
    expect(await store.head("photos/cat.jpg")).toEqual({
      etag: expect.stringMatching(/^"[\da-f]{32}"$/),
      size: 3,
      metadata: {},
    });
    expect(await read("photos/cat.jpg")).toBe("cat");
    expect(await listAll()).toEqual(["photos/cat.jpg"]);
  });

  it("keeps headers and etag when it is opened anew", async () => {
    const headers = { ...TEXT, cacheControl: "max-age=1", metadata: { a: "1" } };
    await store.put("a/b", Buffer.from("x"), headers);
    const before = await store.head("a/b");
    expect(before).toMatchObject(headers);
    expect(await createFileStore({ root }).head("a/b")).toEqual(before);
  });

  it("sees that a file was edited by hand, and forgets its headers", async () => {
    await store.put("a", Buffer.from("before"), { ...TEXT, metadata: { sha256: "00" } });
    const before = await store.head("a");
    await writeFile(join(root, "a"), "after!");
    const after = await store.head("a");
    expect(after?.etag).not.toBe(before?.etag);
    expect(after).toEqual({ etag: after?.etag, size: 6, metadata: {} });
    const stale = { ...TEXT, condition: { etag: before?.etag ?? "" } };
    expect((await store.put("a", Buffer.from("x"), stale)).kind).toBe("precondition_failed");
  });

  it("never gives two of many quick overwrites the same etag", async () => {
    const etags = new Set<string>();
    for (let round = 1000; round < 1300; round += 1) {
      const result = await put("a", String(round));
      if (result.kind === "stored") etags.add(result.etag);
    }
    expect(etags.size).toBe(300);
  });

  describe("outside of its folder", () => {
    beforeEach(async () => {
      await mkdir(join(parent, "root-too"));
      await writeFile(join(parent, "secret"), "secret");
      await writeFile(join(parent, "root-too/secret"), "secret");
    });

    it.each([
      "..",
      "../secret",
      "a/../../secret",
      "./a",
      "a/.",
      "/etc/hostname",
      "",
      "/",
      "a\0b",
      ".shift-media",
      ".shift-media/temp/x",
    ])("refuses the key %j", async (key) => {
      await put("a", "x");
      const calls = [
        store.head(key),
        store.get(key, { maxBytes: 100 }),
        store.put(key, Buffer.from("x"), TEXT),
        store.delete([key]),
      ];
      for (const call of await Promise.allSettled(calls)) {
        expect(call).toMatchObject({ status: "rejected", reason: INVALID_KEY });
      }
      expect(await readFile(join(parent, "secret"), "utf8")).toBe("secret");
    });

    it.each([
      "../",
      "../root-too/",
      "a/../../",
      "/",
      "/etc/",
      ".shift-media/",
      ".shift-media/temp/x",
    ])("refuses to list %j", async (prefix) => {
      await expect(store.list({ prefix })).rejects.toMatchObject(INVALID_KEY);
    });

    it.each([
      ["a file", "../secret", "link"],
      ["a file by its absolute path", () => join(parent, "secret"), "link"],
      ["a file of a folder that is named alike", "../root-too/secret", "link"],
      ["a folder", "../root-too", "link/secret"],
      ["its own parent", "..", "link/secret"],
    ])("does not follow a link to %s", async (_, target, key) => {
      await symlink(typeof target === "string" ? target : target(), join(root, "link"));
      expect(await store.head(key)).toBeUndefined();
      expect(await read(key)).toBe("missing");
      expect(await listAll()).toEqual([]);
      await store.delete([key]);
      expect(await readFile(join(parent, "secret"), "utf8")).toBe("secret");
      expect(await readFile(join(parent, "root-too/secret"), "utf8")).toBe("secret");
    });

    it("does not write through a link", async () => {
      await symlink("../root-too", join(root, "link"));
      for (const key of ["link/secret", "link/new", "link/deep/new"]) {
        await expect(put(key, "x"), key).rejects.toMatchObject(INVALID_KEY);
      }
      expect(await readFile(join(parent, "root-too/secret"), "utf8")).toBe("secret");
      expect(await readdir(join(parent, "root-too"))).toEqual(["secret"]);
    });

    it("overwrites a link, and not what it leads to", async () => {
      await symlink("../secret", join(root, "link"));
      await put("link", "mine");
      expect(await read("link")).toBe("mine");
      expect(await readFile(join(parent, "secret"), "utf8")).toBe("secret");
    });

    it("follows links that stay inside, and a root that is one", async () => {
      await put("a/b", "x");
      await symlink("a/b", join(root, "link"));
      await symlink("root", join(parent, "alias"));
      expect(await read("link")).toBe("x");
      const alias = createFileStore({ root: join(parent, "alias") });
      expect(await read("link", alias)).toBe("x");
      expect((await alias.list({ prefix: "" })).keys).toEqual(["a/b", "link"]);
    });
  });

  describe("what is no file", () => {
    it("is missing, and does not hold up the reader", async () => {
      makePipe(join(root, "fifo"));
      await mkdir(join(root, "folder"));
      await symlink("loop", join(root, "loop"));
      await symlink("nowhere", join(root, "dangling"));
      for (const key of ["fifo", "folder", "loop", "dangling", "fifo/below"]) {
        expect(await store.head(key), key).toBeUndefined();
        expect(await read(key), key).toBe("missing");
      }
      expect(await listAll()).toEqual([]);
    }, 2000);
  });

  describe("its private folder", () => {
    it("does not show", async () => {
      await put("a", "x");
      expect(await readdir(root)).toContain(".shift-media");
      expect(await listAll()).toEqual(["a"]);
      expect(await store.list({ prefix: ".shift-media" })).toEqual({ keys: [] });
      expect(await store.list({ prefix: "", delimiter: "/" })).toEqual({ keys: ["a"] });
    });

    it("leaves keys alone that only look like it", async () => {
      for (const key of [".shift-media.jpg", "a/.shift-media/b"]) {
        await put(key, key);
        expect(await read(key)).toBe(key);
      }
      expect(await listAll()).toEqual([".shift-media.jpg", "a/.shift-media/b"]);
    });

    it("holds nothing of what was deleted, overwritten or refused", async () => {
      await put("a/b", "1");
      await put("a/b", "2");
      await store.put("a/b", Buffer.from("3"), { ...TEXT, condition: "absent" });
      expect(await findFiles(join(root, ".shift-media"))).toHaveLength(1);
      await expect(put("a/b/c", "x")).rejects.toMatchObject(INVALID_KEY);
      await expect(put("a", "x")).rejects.toMatchObject(INVALID_KEY);
      expect(await findFiles(join(root, ".shift-media"))).toHaveLength(1);
      await store.delete(["a/b"]);
      expect(await findFiles(root)).toEqual([]);
    });

    it("is swept of leftovers at the probe, of old ones only", async () => {
      await put("a", "x");
      const temp = join(root, ".shift-media/temp");
      await writeFile(join(temp, "old"), "half");
      await writeFile(join(temp, "new"), "half");
      const twoHoursAgo = Date.now() / 1000 - 7200;
      await utimes(join(temp, "old"), twoHoursAgo, twoHoursAgo);
      await store.probe();
      expect(await readdir(temp)).toEqual(["new"]);
      expect(await read("a")).toBe("x");
    });
  });

  it("takes away folders that a deletion has emptied, and no others", async () => {
    await put("a/b/c/d", "x");
    await put("a/e", "x");
    await store.delete(["a/b/c/d"]);
    expect(await readdir(join(root, "a"))).toEqual(["e"]);
    await store.delete(["a/e"]);
    expect(await readdir(root)).toEqual([".shift-media"]);
    expect((await stat(root)).isDirectory()).toBe(true);
  });

  it("does so below a root given as a relative path", async () => {
    const relativeRoot = `./${relative(process.cwd(), root)}/`;
    const same = createFileStore({ root: relativeRoot });
    await same.put("a/b/c", Buffer.from("x"), TEXT);
    expect(await read("a/b/c", same)).toBe("x");
    await same.delete(["a/b/c"]);
    expect(await readdir(root)).toEqual([".shift-media"]);
  });

  it("writes beside deletions that take the folder away", async () => {
    await Promise.all(Array.from("abcdefgh", writeAndDelete));
    expect(await listAll()).toEqual([]);
  });

  it("does not bring back with a conditional write what is being deleted", async () => {
    for (let round = 0; round < 40; round += 1) {
      const stored = await put("a", "old");
      const etag = stored.kind === "stored" ? stored.etag : "";
      const write = store.put("a", Buffer.from("new"), { ...TEXT, condition: { etag } });
      const [result] = await Promise.all([write, store.delete(["a"])]);
      expect(["stored", "precondition_failed"]).toContain(result.kind);
      expect(await store.head("a")).toBeUndefined();
    }
  });

  it("never shows a reader half an object, or the headers of another", async () => {
    const write = async () => {
      for (let round = 0; round < 200; round += 1) {
        const bytes = randomBytes(1000 + round * 100);
        const metadata = { sha256: hash(bytes), size: String(bytes.length) };
        await store.put("a", bytes, { ...TEXT, metadata });
      }
    };
    await store.put("a", Buffer.from("x"), {
      ...TEXT,
      metadata: { sha256: hash(Buffer.from("x")), size: "1" },
    });
    const writer = new AbortController();
    const seen = new Set<string>();
    const watch = async () => {
      while (!writer.signal.aborted) {
        const result = await store.get("a", { maxBytes: 1_000_000 });
        if (result.kind !== "found") throw new Error(`the object was ${result.kind}`);
        const { info, bytes } = result;
        const metadata = { sha256: hash(bytes), size: String(bytes.length) };
        expect(info).toEqual({ etag: info.etag, size: bytes.length, ...TEXT, metadata });
        seen.add(info.etag);
      }
    };
    const writing = write().finally(() => writer.abort());
    await Promise.all([writing, watch(), watch(), watch()]);
    expect(seen.size).toBeGreaterThan(10);
  });

  it("looks again when an object and its headers went between two looks", async () => {
    await put("a", "old");
    await store.put("b", Buffer.from("newer"), { ...TEXT, metadata: { is: "new" } });
    const headers = join(root, ".shift-media/headers");
    const [oldHeaders = ""] = await readdir(join(headers, "a"));
    const [newHeaders = ""] = await readdir(join(headers, "b"));
    // the reader of a pipe waits for its writer, and the other way round: here they meet
    const pipe = join(headers, "a", oldHeaders);
    await unlink(pipe);
    makePipe(pipe);
    const reading = store.head("a");
    const meeting = await open(pipe, "w");
    await rename(join(headers, "b", newHeaders), join(headers, "a", newHeaders));
    await rename(join(root, "b"), join(root, "a"));
    await meeting.close();
    expect(await reading).toMatchObject({ size: 5, ...TEXT, metadata: { is: "new" } });
  });

  describe("where it cannot write", () => {
    it("fails when its private folder cannot be made", async () => {
      await writeFile(join(root, "there"), "x");
      await writeFile(join(root, ".shift-media"), "in the way");
      await expect(put("a", "x")).rejects.toMatchObject(STORE_FAILED);
      await expect(put("b/c", "x")).rejects.toMatchObject(STORE_FAILED);
      expect(await store.head("a")).toBeUndefined();
      expect(await read("there")).toBe("x");
    });

    it("fails on a full disk, and leaves nothing behind", async () => {
      await put("a", "before");
      // a limit on the size of files stands for the full disk
      const script = `
        import { createFileStore } from ${JSON.stringify(FILE_STORE.href)};
        const store = createFileStore({ root: process.argv[1] });
        const put = (bytes) => store.put("a", bytes, { contentType: "text/plain" });
        const code = await put(new Uint8Array(1_000_000)).then(() => "stored", ({ code }) => code);
        const { kind } = await store.get("a", { maxBytes: 6 });
        console.log(code, kind);`;
      const node = [process.execPath, "--import", "tsx", "--input-type=module", "-e", script, root];
      const { stdout } = await promisify(execFile)(
        "sh",
        ["-c", 'ulimit -f 128 && exec "$@"', "sh", ...node],
        { cwd: PROJECT, env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
      );
      expect(stdout.trim()).toBe("store_failed found");
      expect(await readdir(join(root, ".shift-media/temp"))).toEqual([]);
      expect(await read("a")).toBe("before");
    });
  });

  describe("probe", () => {
    it("is content with a folder", async () => {
      expect(await store.probe()).toBeUndefined();
    });

    it("names a folder that does not exist, and does not make it", async () => {
      const missing = join(parent, "missing");
      const probe = createFileStore({ root: missing }).probe();
      await expect(probe).rejects.toMatchObject(STORE_FAILED);
      await expect(probe).rejects.toThrow(`the folder "${missing}" does not exist`);
      expect(await readdir(parent)).toEqual(["root"]);
    });

    it("makes the folder where it should", async () => {
      const fresh = createFileStore({ root: join(parent, "new/folder"), shouldCreate: true });
      expect(await fresh.probe()).toBeUndefined();
      await fresh.put("a", Buffer.from("x"), TEXT);
      expect(await readFile(join(parent, "new/folder/a"), "utf8")).toBe("x");
    });

    it.each([false, true])(
      "refuses a file for a folder (shouldCreate %s)",
      async (shouldCreate) => {
        const file = join(parent, "file");
        await writeFile(file, "x");
        const probe = createFileStore({ root: file, shouldCreate }).probe();
        await expect(probe).rejects.toMatchObject(STORE_FAILED);
        await expect(probe).rejects.toThrow(`"${file}"`);
        await unlink(file);
      },
    );
  });
});

function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function findFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function writeAndDelete(name: string): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await put(`deep/er/${name}`, name);
    expect(await read(`deep/er/${name}`)).toBe(name);
    await store.delete([`deep/er/${name}`]);
  }
}
