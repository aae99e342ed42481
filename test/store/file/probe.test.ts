import { readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileStore } from "../../../src/store/file/store.ts";
import { openScratch, STORE_FAILED, TEXT } from "../../support/store/file-scratch.ts";

const scratch = openScratch();

describe("createFileStore probe", () => {
  it("is content with a folder", async () => {
    expect(await scratch.store.probe()).toBeUndefined();
  });

  it("names a folder that does not exist, and does not make it", async () => {
    const missing = join(scratch.parent, "missing");
    const probe = createFileStore({ root: missing }).probe();
    await expect(probe).rejects.toMatchObject(STORE_FAILED);
    await expect(probe).rejects.toThrow(`the folder "${missing}" does not exist`);
    expect(await readdir(scratch.parent)).toEqual(["root"]);
  });

  it("makes the folder where it should", async () => {
    const fresh = createFileStore({ root: join(scratch.parent, "new/folder"), shouldCreate: true });
    expect(await fresh.probe()).toBeUndefined();
    await fresh.put("a", Buffer.from("x"), TEXT);
    expect(await readFile(join(scratch.parent, "new/folder/a"), "utf8")).toBe("x");
  });

  it.each([false, true])("refuses a file for a folder (shouldCreate %s)", async (shouldCreate) => {
    const file = join(scratch.parent, "file");
    await writeFile(file, "x");
    const probe = createFileStore({ root: file, shouldCreate }).probe();
    await expect(probe).rejects.toMatchObject(STORE_FAILED);
    await expect(probe).rejects.toThrow(`"${file}"`);
    await unlink(file);
  });
});
