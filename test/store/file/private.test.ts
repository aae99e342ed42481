import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INVALID_KEY, openScratch, TEXT } from "../../support/store/file-scratch.ts";

const scratch = openScratch();
const { read, put, listAll } = scratch;

describe("createFileStore its private folder", () => {
  it("does not show", async () => {
    await put("a", "x");
    expect(await readdir(scratch.root)).toContain(".shift-media");
    expect(await listAll()).toEqual(["a"]);
    expect(await scratch.store.list({ prefix: ".shift-media" })).toEqual({ keys: [] });
    expect(await scratch.store.list({ prefix: "", delimiter: "/" })).toEqual({
      keys: ["a"],
      folders: [],
    });
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
    await scratch.store.put("a/b", Buffer.from("3"), { ...TEXT, condition: "absent" });
    expect(await findFiles(join(scratch.root, ".shift-media"))).toHaveLength(1);
    await expect(put("a/b/c", "x")).rejects.toMatchObject(INVALID_KEY);
    await expect(put("a", "x")).rejects.toMatchObject(INVALID_KEY);
    expect(await findFiles(join(scratch.root, ".shift-media"))).toHaveLength(1);
    await scratch.store.delete(["a/b"]);
    expect(await findFiles(scratch.root)).toEqual([]);
  });

  it("is swept of leftovers at the probe, of old ones only", async () => {
    await put("a", "x");
    const temp = join(scratch.root, ".shift-media/temp");
    await writeFile(join(temp, "old"), "half");
    await writeFile(join(temp, "new"), "half");
    const twoHoursAgo = Date.now() / 1000 - 7200;
    await utimes(join(temp, "old"), twoHoursAgo, twoHoursAgo);
    await scratch.store.probe();
    expect(await readdir(temp)).toEqual(["new"]);
    expect(await read("a")).toBe("x");
  });
});

async function findFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
