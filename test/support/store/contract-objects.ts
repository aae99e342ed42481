import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { Subject } from "./contract-subject.ts";
import { etagOf, TEXT } from "./contract-subject.ts";

export function describeObjects(subject: Subject): void {
  const { newFolder, putText, getText } = subject;
  it.each([0, 1, 2, 1023, 65_537, 3 * 1024 * 1024])(
    "gives %i bytes back as they were",
    async (size) => {
      const key = `${newFolder()}bytes`;
      const bytes = randomBytes(size);
      await subject.store.put(key, bytes, TEXT);
      const result = await subject.store.get(key, { maxBytes: size });
      expect(result.kind).toBe("found");
      if (result.kind !== "found") return;
      expect(Buffer.compare(result.bytes, bytes)).toBe(0);
      expect(result.info.size).toBe(size);
      expect((await subject.store.head(key))?.size).toBe(size);
    },
  );

  it("takes a view of a larger buffer as it is", async () => {
    const key = `${newFolder()}view`;
    await subject.store.put(key, Buffer.from("xxabcdefxx").subarray(2, 8), TEXT);
    expect(await getText(key)).toBe("abcdef");
  });

  it("keeps what it was given when the caller's buffer changes", async () => {
    const key = `${newFolder()}mine`;
    const bytes = Buffer.from("before");
    await subject.store.put(key, bytes, TEXT);
    bytes.write("after!");
    expect(await getText(key)).toBe("before");
  });

  it("keeps headers and metadata, and has one etag for them", async () => {
    const key = `${newFolder()}cat.webp`;
    const headers = {
      contentType: "image/webp",
      cacheControl: "public, max-age=31536000, immutable",
      contentDisposition: "inline; filename=\"a b.webp\"; filename*=UTF-8''%C3%BC.webp",
      metadata: { "source-etag": '"abc"', sha256: "0f", spec: "w_300,h_200", "cache-tag": "x" },
    };
    const stored = await subject.store.put(key, Buffer.from("webp"), headers);
    const etag = stored.kind === "stored" ? stored.etag : stored.kind;
    expect(etag).toMatch(/^".+"$/);
    expect(await subject.store.head(key)).toEqual({ ...headers, etag, size: 4 });
    const result = await subject.store.get(key, { maxBytes: 4 });
    expect(result).toMatchObject({ kind: "found", info: { ...headers, etag, size: 4 } });
  });

  it("drops the headers of what it overwrites", async () => {
    const key = `${newFolder()}cat.webp`;
    const cacheControl = "max-age=60";
    await putText(key, "old", {
      cacheControl,
      contentDisposition: "inline",
      metadata: { a: "1" },
    });
    await putText(key, "new", { contentType: "image/png", metadata: { b: "2" } });
    const info = await subject.store.head(key);
    expect(info).toEqual({
      etag: info?.etag,
      size: 3,
      contentType: "image/png",
      metadata: { b: "2" },
    });
  });

  it("knows a missing object for certain", async () => {
    const folder = newFolder();
    await putText(`${folder}there`, "x");
    for (const key of ["missing", "missing/too", "there/below", "ther", "there "]) {
      expect(await subject.store.head(folder + key), key).toBeUndefined();
      const result = await subject.store.get(folder + key, { maxBytes: 1, ifNoneMatch: '"a"' });
      expect(result, key).toEqual({ kind: "missing", isDefinite: true });
    }
  });

  it("does not take a folder for an object", async () => {
    const folder = newFolder();
    await putText(`${folder}a/b/c`, "x");
    expect(await subject.store.head(`${folder}a/b`)).toBeUndefined();
    expect((await subject.store.get(`${folder}a`, { maxBytes: 1 })).kind).toBe("missing");
  });

  it("sends no bytes to who has them", async () => {
    const key = `${newFolder()}known`;
    const first = etagOf(await putText(key, "one"));
    const again = await subject.store.get(key, { maxBytes: 3, ifNoneMatch: first });
    expect(again).toEqual({ kind: "not_modified" });
    const second = etagOf(await putText(key, "two"));
    expect(second).not.toBe(first);
    const changed = await subject.store.get(key, { maxBytes: 3, ifNoneMatch: first });
    expect(changed).toMatchObject({ kind: "found", info: { etag: second } });
    expect(await subject.store.get(key, { maxBytes: 3, ifNoneMatch: second })).toEqual({
      kind: "not_modified",
    });
  });

  it("gives every overwrite with other bytes another etag, however fast", async () => {
    const key = `${newFolder()}fast`;
    const etags = new Set<string>();
    for (let round = 100; round < 160; round += 1) {
      etags.add(etagOf(await putText(key, String(round))));
    }
    expect(etags.size).toBe(60);
  });

  it("refuses bytes over the reader's limit and serves on", async () => {
    const key = `${newFolder()}large`;
    await subject.store.put(key, randomBytes(300_000), TEXT);
    const refusals = Array.from({ length: 60 }, () =>
      subject.store.get(key, { maxBytes: 299_999 }),
    );
    for (const refusal of await Promise.allSettled(refusals)) {
      expect(refusal).toMatchObject({
        status: "rejected",
        reason: { name: "MediaError", code: "too_large" },
      });
    }
    const result = await subject.store.get(key, { maxBytes: 300_000 });
    expect(result).toMatchObject({ kind: "found", info: { size: 300_000 } });
  });
}
