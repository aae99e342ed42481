import { mkdir, open, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createFileStore } from "../../../src/store/file/store.ts";
import { isOpenInside } from "../../../src/store/file/tree.ts";
import { INVALID_KEY, openScratch, TEXT } from "../../support/store/file-scratch.ts";

const scratch = openScratch();
const { read, put, listAll } = scratch;

describe("createFileStore outside of its folder", () => {
  beforeEach(async () => {
    await mkdir(join(scratch.parent, "root-too"));
    await writeFile(join(scratch.parent, "secret"), "secret");
    await writeFile(join(scratch.parent, "root-too/secret"), "secret");
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
      scratch.store.head(key),
      scratch.store.get(key, { maxBytes: 100 }),
      scratch.store.open(key),
      scratch.store.put(key, Buffer.from("x"), TEXT),
      scratch.store.delete([key]),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: INVALID_KEY });
    }
    expect(await readFile(join(scratch.parent, "secret"), "utf8")).toBe("secret");
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
    await expect(scratch.store.list({ prefix })).rejects.toMatchObject(INVALID_KEY);
  });

  it.each([
    ["a file", "../secret", "link"],
    ["a file by its absolute path", () => join(scratch.parent, "secret"), "link"],
    ["a file of a folder that is named alike", "../root-too/secret", "link"],
    ["a folder", "../root-too", "link/secret"],
    ["its own parent", "..", "link/secret"],
  ])("does not follow a link to %s", async (_, target, key) => {
    await symlink(typeof target === "string" ? target : target(), join(scratch.root, "link"));
    expect(await scratch.store.head(key)).toBeUndefined();
    expect(await read(key)).toBe("missing");
    expect((await scratch.store.open(key)).kind).toBe("missing");
    expect(await listAll()).toEqual([]);
    await scratch.store.delete([key]);
    expect(await readFile(join(scratch.parent, "secret"), "utf8")).toBe("secret");
    expect(await readFile(join(scratch.parent, "root-too/secret"), "utf8")).toBe("secret");
  });

  it("does not write through a link", async () => {
    await symlink("../root-too", join(scratch.root, "link"));
    for (const key of ["link/secret", "link/new", "link/deep/new"]) {
      await expect(put(key, "x"), key).rejects.toMatchObject(INVALID_KEY);
    }
    expect(await readFile(join(scratch.parent, "root-too/secret"), "utf8")).toBe("secret");
    expect(await readdir(join(scratch.parent, "root-too"))).toEqual(["secret"]);
  });

  it("reads nothing through a folder that has become a link, and writes nothing", async () => {
    await put("a/b/secret", "mine");
    await rename(join(scratch.root, "a/b"), join(scratch.root, "a/was"));
    await symlink("../../root-too", join(scratch.root, "a/b"));
    expect(await scratch.store.head("a/b/secret")).toBeUndefined();
    expect(await read("a/b/secret")).toBe("missing");
    expect((await scratch.store.open("a/b/secret")).kind).toBe("missing");
    await expect(put("a/b/new", "x")).rejects.toMatchObject(INVALID_KEY);
    await expect(put("a/b/deep/new", "x")).rejects.toMatchObject(INVALID_KEY);
    expect(await readdir(join(scratch.parent, "root-too"))).toEqual(["secret"]);
  });

  it("judges an open file by where it is, and not by where its path leads by now", async () => {
    await put("mine", "x");
    const path = join(scratch.root, "link");
    const leadTo = async (target: string): Promise<void> => {
      await symlink(target, `${path}-new`);
      await rename(`${path}-new`, path);
    };
    await leadTo("../secret");
    const outside = await open(path);
    await leadTo("mine");
    expect(await isOpenInside(scratch.root, outside.fd, path)).toBe(false);
    const inside = await open(path);
    expect(await isOpenInside(scratch.root, inside.fd, path)).toBe(true);
    await Promise.all([outside.close(), inside.close()]);
  });

  it("overwrites a link, and not what it leads to", async () => {
    await symlink("../secret", join(scratch.root, "link"));
    await put("link", "mine");
    expect(await read("link")).toBe("mine");
    expect(await readFile(join(scratch.parent, "secret"), "utf8")).toBe("secret");
  });

  it("follows links that stay inside, and a root that is one", async () => {
    await put("a/b", "x");
    await symlink("a/b", join(scratch.root, "link"));
    await symlink("root", join(scratch.parent, "alias"));
    expect(await read("link")).toBe("x");
    const alias = createFileStore({ root: join(scratch.parent, "alias") });
    expect(await read("link", alias)).toBe("x");
    expect((await alias.list({ prefix: "" })).keys).toEqual(["a/b", "link"]);
  });
});
