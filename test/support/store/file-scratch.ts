import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { createFileStore } from "../../../src/store/file/store.ts";
import type { ObjectStore, PutResult } from "../../../src/store/store.ts";

export const TEXT = { contentType: "text/plain" };
export const INVALID_KEY = { name: "MediaError", code: "invalid_key" };
export const STORE_FAILED = { name: "MediaError", code: "store_failed" };

/** A new folder for each test, with a store on it. */
interface Scratch {
  /** The folder that holds `root`, and at first nothing else. */
  readonly parent: string;
  readonly root: string;
  readonly store: ObjectStore;
  /** The text of an object, or the kind of the answer. */
  readonly read: (key: string, from?: ObjectStore) => Promise<string>;
  readonly put: (key: string, text: string) => Promise<PutResult>;
  readonly listAll: () => Promise<readonly string[]>;
}

/** To be called once, at the top of a file of tests. */
export function openScratch(): Scratch {
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

  return {
    get parent() {
      return parent;
    },
    get root() {
      return root;
    },
    get store() {
      return store;
    },
    read: async (key, from = store) => {
      const result = await from.get(key, { maxBytes: 1_000_000 });
      return result.kind === "found" ? Buffer.from(result.bytes).toString() : result.kind;
    },
    put: (key, text) => store.put(key, Buffer.from(text), TEXT),
    listAll: async () => (await store.list({ prefix: "" })).keys,
  };
}

export function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
}
