import { expect, it } from "vitest";
import type { Subject } from "./contract-subject.ts";

/** Takes more objects than a page has, which takes long where each is a request. */
export function describePages(subject: Subject): void {
  const { newFolder, putNamed } = subject;
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
}
