import { expect, it } from "vitest";
import type { Subject } from "./contract-subject.ts";

export function describeDelete(subject: Subject): void {
  const { newFolder, putText, putNamed } = subject;
  it("deletes over a thousand at once, and pages through them before", async () => {
    const folder = newFolder();
    const keys = Array.from({ length: 1005 }, (_, index) => `${folder}${index + 1000}`);
    await putNamed(keys);
    const first = await subject.store.list({ prefix: folder });
    expect(first.keys).toEqual(keys.slice(0, 1000));
    expect(first.cursor).toBeDefined();
    const second = await subject.store.list({ prefix: folder, cursor: first.cursor ?? "" });
    expect(second).toEqual({ keys: keys.slice(1000) });
    await subject.store.delete(keys.slice(0, 1004));
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: keys.slice(1004) });
    expect(await subject.store.head(keys[0] ?? "")).toBeUndefined();
  });

  it("does not mind what is not there", async () => {
    const folder = newFolder();
    await putNamed([`${folder}a/b`, `${folder}c`, `${folder}d`]);
    await subject.store.delete([]);
    await subject.store.delete([`${folder}x`, `${folder}c`, `${folder}y/z`, `${folder}c/z`]);
    await subject.store.delete([`${folder}a`, `${folder}c`]);
    expect(await subject.store.list({ prefix: folder })).toEqual({
      keys: [`${folder}a/b`, `${folder}d`],
    });
  });

  it("forgets the headers of what it deleted", async () => {
    const key = `${newFolder()}again`;
    await putText(key, "same", { metadata: { life: "first" }, cacheControl: "max-age=1" });
    await subject.store.delete([key]);
    await putText(key, "same");
    const info = await subject.store.head(key);
    expect(info).toEqual({
      etag: info?.etag,
      size: 4,
      contentType: "text/plain",
      metadata: {},
    });
  });
}
