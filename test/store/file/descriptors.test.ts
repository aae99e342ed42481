import { existsSync } from "node:fs";
import { readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openScratch, TEXT } from "../../support/store/file-scratch.ts";

const DESCRIPTORS = "/proc/self/fd";
const LENGTH = 300_000;
const scratch = openScratch();

/** The numbers of the files below the root that this process has open. */
async function listOpen(): Promise<readonly string[]> {
  const names = await readdir(DESCRIPTORS);
  const targets = names.map((name) => readlink(join(DESCRIPTORS, name)).catch(() => ""));
  const paths = await Promise.all(targets);
  return names.filter((_, index) => paths[index]?.startsWith(scratch.root));
}

async function openBody() {
  const opened = await scratch.store.open("a", {});
  if (opened.kind !== "found") throw new Error(opened.kind);
  return opened.body;
}

describe.skipIf(!existsSync(DESCRIPTORS))("createFileStore", () => {
  it("leaves no file open, however reading it ends", async () => {
    const { store } = scratch;
    await store.put("a", new Uint8Array(LENGTH), TEXT);
    for await (const _ of await openBody());
    for await (const _ of await openBody()) break;
    (await openBody()).close();
    await store.get("a", { maxBytes: LENGTH });
    await store.get("a", { maxBytes: 1 }).catch(() => undefined);
    await store.open("a", { ifMatch: '"other"' });
    await store.open("a", { signal: AbortSignal.abort() }).catch(() => undefined);
    await vi.waitFor(async () => expect(await listOpen()).toEqual([]), 20_000);
  });

  it("keeps a file open for a read that is under way, and reads no other in its place", async () => {
    await scratch.store.put("a", new Uint8Array(LENGTH).fill(1), TEXT);
    const other = join(scratch.root, "b");
    await writeFile(other, new Uint8Array(LENGTH).fill(2));
    for (let turn = 0; turn < 50; turn += 1) {
      const body = await openBody();
      const iterator = body[Symbol.asyncIterator]();
      const reading = iterator.next();
      body.close();
      // it would be given the number of a file that is closed too early
      const others = await Promise.all(
        [1, 2, 3].map(() => scratch.store.get("b", { maxBytes: LENGTH })),
      );
      expect(others.map(({ kind }) => kind)).toEqual(["found", "found", "found"]);
      const chunk = (await reading).value as Uint8Array; // the first of several
      expect(chunk.every((byte) => byte === 1)).toBe(true);
      await expect(iterator.next()).rejects.toThrow("closed");
    }
    await vi.waitFor(async () => expect(await listOpen()).toEqual([]), 20_000);
  });
});
