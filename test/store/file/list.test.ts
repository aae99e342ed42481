import { symlink } from "node:fs/promises";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFileStore } from "../../../src/store/file/store.ts";
import { listAll } from "../../support/store/contract-subject.ts";
import { openScratch } from "../../support/store/file-scratch.ts";
import { chooseRuns } from "../../support/runs.ts";

const scratch = openScratch();

async function write(root: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await fs.mkdir(dirname(join(root, key)), { recursive: true });
    await fs.writeFile(join(root, key), "");
  }
}

/** How often a folder is read meanwhile. */
async function countReads(work: () => Promise<unknown>): Promise<number> {
  const { readdir } = fs;
  let count = 0;
  fs.readdir = ((...args: Parameters<typeof readdir>) => {
    count += 1;
    return readdir(...args);
  }) as typeof readdir; // the one overload stands for all
  syncBuiltinESMExports();
  try {
    await work();
    return count;
  } finally {
    fs.readdir = readdir;
    syncBuiltinESMExports();
  }
}

const name = fc
  .stringMatching(/^[!\-.0a\u{FF5E}\u{1F98A}]{1,2}$/u)
  .filter((text) => !/^\.+$/.test(text));
/** Files end in an `f`, and folders do not: none stands in the way of another. */
const tree = fc.uniqueArray(
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `${names.join("/")}f`),
  { maxLength: 25 },
);

describe("createFileStore, listing in pages", () => {
  it("gives every key once and in order, whatever the tree, the prefix and the limit", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(tree, fc.option(name), fc.integer({ min: 1, max: 7 }), async (...args) => {
        const [keys, prefix, limit] = args;
        const root = join(scratch.root, String((runs += 1)));
        await write(root, [...keys, ".shift-media/temp/f"]);
        const wanted = keys
          .filter((key) => key.startsWith(prefix ?? ""))
          .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const store = createFileStore({ root });
        expect(await listAll(store, { prefix: prefix ?? "", limit })).toEqual(wanted);
      }),
      { numRuns: chooseRuns(20, 60) },
    );
  });

  it("goes on after a file whose name begins another one's", async () => {
    await write(scratch.root, ["a", "ab", "b/c", "b/cd"]);
    await symlink(join(scratch.root, "a"), join(scratch.root, "abc"));
    const keys = await listAll(scratch.store, { prefix: "", limit: 1 });
    expect(keys).toEqual(["a", "ab", "abc", "b/c", "b/cd"]);
  });

  it("reads no folder again that it is done with", async () => {
    const folders = Array.from({ length: 40 }, (_, index) => String(index).padStart(2, "0"));
    await write(
      scratch.root,
      folders.flatMap((folder) => [`${folder}/a`, `${folder}/b`]),
    );
    const pages = folders.length;
    const reads = await countReads(() => listAll(scratch.store, { prefix: "", limit: 2 }));
    // of each page the root, its folder, the one that it is after, and the one that tells of more
    expect(reads).toBeGreaterThan(pages);
    expect(reads).toBeLessThanOrEqual(4 * pages);
  });
});
