import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { toHeadersPath } from "../../../src/store/file/headers.ts";
import { makePipe, openScratch, TEXT } from "../../support/store/file-scratch.ts";

const scratch = openScratch();
const { read, put, listAll } = scratch;

describe("createFileStore", () => {
  it("writes beside deletions that take the folder away", async () => {
    await Promise.all(Array.from("abcdefgh", writeAndDelete));
    expect(await listAll()).toEqual([]);
  });

  it("does not bring back with a conditional write what is being deleted", async () => {
    for (let round = 0; round < 40; round += 1) {
      const stored = await put("a", "old");
      const etag = stored.kind === "stored" ? stored.etag : "";
      const write = scratch.store.put("a", Buffer.from("new"), { ...TEXT, condition: { etag } });
      const [result] = await Promise.all([write, scratch.store.delete(["a"])]);
      expect(["stored", "precondition_failed"]).toContain(result.kind);
      expect(await scratch.store.head("a")).toBeUndefined();
    }
  });

  it("never shows a reader half an object, or the headers of another", async () => {
    const write = async () => {
      for (let round = 0; round < 200; round += 1) {
        const bytes = randomBytes(1000 + round * 100);
        const metadata = { sha256: hash(bytes), size: String(bytes.length) };
        await scratch.store.put("a", bytes, { ...TEXT, metadata });
      }
    };
    await scratch.store.put("a", Buffer.from("x"), {
      ...TEXT,
      metadata: { sha256: hash(Buffer.from("x")), size: "1" },
    });
    const writer = new AbortController();
    const seen = new Set<string>();
    const watch = async () => {
      while (!writer.signal.aborted) {
        const result = await scratch.store.get("a", { maxBytes: 1_000_000 });
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
    await scratch.store.put("b", Buffer.from("newer"), { ...TEXT, metadata: { is: "new" } });
    const pathOf = async (of: string, key: string): Promise<string> =>
      toHeadersPath(scratch.root, key, (await scratch.store.head(of))?.etag ?? "");
    const [newHeaders, newOfA] = [await pathOf("b", "b"), await pathOf("b", "a")];
    await mkdir(dirname(newOfA), { recursive: true });
    // the reader of a pipe waits for its writer, and the other way round: here they meet
    const pipe = await pathOf("a", "a");
    await unlink(pipe);
    makePipe(pipe);
    const reading = scratch.store.head("a");
    const meeting = await open(pipe, "w");
    await rename(newHeaders, newOfA);
    await rename(join(scratch.root, "b"), join(scratch.root, "a"));
    await meeting.close();
    expect(await reading).toMatchObject({ size: 5, ...TEXT, metadata: { is: "new" } });
  });
});

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function writeAndDelete(name: string): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await put(`deep/er/${name}`, name);
    expect(await read(`deep/er/${name}`)).toBe(name);
    await scratch.store.delete([`deep/er/${name}`]);
  }
}
