import { expect, it } from "vitest";
import type { Subject } from "./contract-subject.ts";

export function describeDelete(subject: Subject): void {
  const { newFolder, putText, putNamed } = subject;
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
