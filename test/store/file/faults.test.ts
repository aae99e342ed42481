import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openScratch, STORE_FAILED } from "../../support/store/file-scratch.ts";

const FILE_STORE = new URL("../../../dist/store/file/store.js", import.meta.url);
const scratch = openScratch();
const { read, put } = scratch;

describe("createFileStore where it cannot write", () => {
  it("fails when its private folder cannot be made", async () => {
    await writeFile(join(scratch.root, "there"), "x");
    await writeFile(join(scratch.root, ".shift-media"), "in the way");
    await expect(put("a", "x")).rejects.toMatchObject(STORE_FAILED);
    await expect(put("b/c", "x")).rejects.toMatchObject(STORE_FAILED);
    expect(await scratch.store.head("a")).toBeUndefined();
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
    const node = [process.execPath, "--input-type=module", "-e", script, scratch.root];
    const args = ["-c", 'ulimit -f 128 && exec "$@"', "sh", ...node];
    const { stdout } = await promisify(execFile)("sh", args);
    expect(stdout.trim()).toBe("store_failed found");
    expect(await readdir(join(scratch.root, ".shift-media/temp"))).toEqual([]);
    expect(await read("a")).toBe("before");
  });
});
