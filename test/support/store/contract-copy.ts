import { createHash, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { ByteSource } from "../../../src/store/store.ts";
import type { Subject } from "./contract-subject.ts";
import { etagOf, TEXT } from "./contract-subject.ts";

/** Gives `bytes` in chunks of uneven lengths. */
function toSource(bytes: Uint8Array, size = bytes.length): ByteSource {
  return {
    size,
    async *open() {
      for (let start = 0; start < bytes.length; start += 70_001) {
        yield bytes.subarray(start, start + 70_001);
      }
    },
  };
}

export function describeCopies(subject: Subject): void {
  const { newFolder, putText, getText } = subject;

  it.each([1, 65_537, 3 * 1024 * 1024])("writes %i bytes that it reads itself", async (size) => {
    const key = `${newFolder()}source`;
    const bytes = randomBytes(size);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const stored = await subject.store.put(key, toSource(bytes), {
      ...TEXT,
      sha256,
      metadata: { a: "b" },
      condition: "absent",
    });
    const result = await subject.store.get(key, { maxBytes: size });
    expect(result).toMatchObject({ kind: "found", info: { size, metadata: { a: "b" } } });
    if (result.kind === "found") expect(Buffer.compare(result.bytes, bytes)).toBe(0);
    expect((await subject.store.head(key))?.etag).toBe(etagOf(stored));
    const again = subject.store.put(key, toSource(bytes), { ...TEXT, sha256, condition: "absent" });
    expect(await again).toEqual({ kind: "precondition_failed" });
  });

  it("writes nothing of a source that ends too early, or breaks off", async () => {
    const key = `${newFolder()}short`;
    const broken: ByteSource = {
      size: 200_000,
      async *open() {
        yield randomBytes(100_000);
        throw new Error("the disk is gone");
      },
    };
    for (const source of [toSource(randomBytes(10), 20), broken]) {
      const failure: unknown = await subject.store.put(key, source, TEXT).catch((error) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(await subject.store.head(key)).toBeUndefined();
    }
  });

  it("copies bytes, and not headers", async () => {
    const folder = newFolder();
    const from = `${folder}a b/ü+%41.txt`;
    const etag = etagOf(await putText(from, "hello", { metadata: { a: "1" } }));
    const headers = { contentType: "text/css", contentDisposition: "inline", metadata: { b: "2" } };
    const copied = await subject.store.copy(from, `${folder}to`, { ...headers, ifMatch: etag });
    expect(copied.kind).toBe("copied");
    expect(await getText(`${folder}to`)).toBe("hello");
    expect(await subject.store.head(`${folder}to`)).toMatchObject({ ...headers, size: 5 });
    expect((await subject.store.head(`${folder}to`))?.metadata).toEqual({ b: "2" });
    expect((await subject.store.head(from))?.metadata).toEqual({ a: "1" });
  });

  it("copies an object over itself, with other metadata", async () => {
    const key = `${newFolder()}self`;
    const etag = etagOf(await putText(key, "hello", { metadata: { a: "1" } }));
    const copied = await subject.store.copy(key, key, {
      ...TEXT,
      metadata: { a: "2" },
      ifMatch: etag,
    });
    expect(copied.kind).toBe("copied");
    expect(await getText(key)).toBe("hello");
    const info = await subject.store.head(key);
    expect(info?.metadata).toEqual({ a: "2" });
    expect(copied).toEqual({ kind: "copied", etag: info?.etag });
  });

  it("copies nothing that has changed, or is gone", async () => {
    const folder = newFolder();
    await putText(`${folder}a`, "hello");
    const old = { ...TEXT, ifMatch: '"00000000000000000000000000000000"' };
    expect(await subject.store.copy(`${folder}a`, `${folder}b`, old)).toEqual({ kind: "changed" });
    expect(await subject.store.copy(`${folder}no`, `${folder}b`, old)).toEqual({ kind: "changed" });
    expect(await subject.store.head(`${folder}b`)).toBeUndefined();
  });

  it("lists sizes where they are asked for", async () => {
    const folder = newFolder();
    await putText(`${folder}a`, "1");
    await putText(`${folder}b`, "four");
    expect(await subject.store.list({ prefix: folder, withSizes: true })).toEqual({
      keys: [`${folder}a`, `${folder}b`],
      sizes: [1, 4],
    });
  });

  it("erases objects, and says that it has no versions of them", async () => {
    const folder = newFolder();
    await putText(`${folder}a`, "1");
    await putText(`${folder}a.txt`, "2");
    if (subject.store.erase) expect(await subject.store.erase([`${folder}a`])).toBe("none");
    else await subject.store.delete([`${folder}a`]);
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: [`${folder}a.txt`] });
  });
}
