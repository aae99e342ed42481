import { expect, it } from "vitest";
import type { Subject } from "./contract-subject.ts";
import { listAll } from "./contract-subject.ts";

export function describeList(subject: Subject): void {
  const { newFolder, putNamed } = subject;
  const tree = ["car", "cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1", "dog/1"];

  it.each<
    [
      prefix: string,
      delimiter: "/" | undefined,
      keys: readonly string[],
      folders?: readonly string[],
    ]
  >([
    ["", undefined, tree],
    ["c", undefined, ["car", "cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1"]],
    ["cat", undefined, ["cat/1", "cat/2/x", "cat/2/y", "cat/3", "cat1"]],
    ["cat/", undefined, ["cat/1", "cat/2/x", "cat/2/y", "cat/3"]],
    ["cat/2/y", undefined, ["cat/2/y"]],
    ["cow", undefined, []],
    ["cow/bell/", undefined, []],
    ["car/", undefined, []],
    ["", "/", ["car", "cat1"], ["cat/", "dog/"]],
    ["ca", "/", ["car", "cat1"], ["cat/"]],
    ["cat/", "/", ["cat/1", "cat/3"], ["cat/2/"]],
    ["cat/2/", "/", ["cat/2/x", "cat/2/y"], []],
    ["dog", "/", [], ["dog/"]],
    ["cow/", "/", [], []],
  ])("lists %j with delimiter %j", async (prefix, delimiter, keys, folders) => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    const page = await subject.store.list({
      prefix: folder + prefix,
      ...(delimiter && { delimiter }),
    });
    const under = (names: readonly string[]): readonly string[] =>
      names.map((name) => folder + name);
    expect(page).toEqual({ keys: under(keys), ...(folders && { folders: under(folders) }) });
  });

  it("lists in the order of UTF-8 bytes", async () => {
    const folder = newFolder();
    const ordered = ["!", "-", "A", "B", "a!", "a-b", "a.b", "a/b", "a0", "aa", "b", "ü"];
    // in UTF-16, which JavaScript sorts by, the fox comes before the tilde
    const names = [...ordered, "\u4E2D", "\uFF5E", "🦊", "🦊a", "🦋"];
    await putNamed(names.toReversed().map((key) => folder + key));
    const { keys } = await subject.store.list({ prefix: folder });
    expect(keys.map((key) => key.slice(folder.length))).toEqual(names);
  });

  it("pages through all keys once, whatever the size of a page", async () => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    for (let limit = 1; limit <= tree.length + 1; limit += 1) {
      const keys = await listAll(subject.store, { prefix: folder, limit });
      expect(keys, `limit ${limit}`).toEqual(tree.map((key) => folder + key));
      const flat = await listAll(subject.store, { prefix: `${folder}c`, delimiter: "/", limit });
      expect(flat, `limit ${limit}`).toEqual([`${folder}car`, `${folder}cat1`]);
    }
    expect((await subject.store.list({ prefix: folder, limit: 2 })).keys).toHaveLength(2);
  });

  it("pages on where pages before were deleted", async () => {
    const folder = newFolder();
    await putNamed(tree.map((key) => folder + key));
    const first = await subject.store.list({ prefix: folder, limit: 3 });
    await subject.store.delete(first.keys);
    const rest = await listAll(subject.store, {
      prefix: folder,
      cursor: first.cursor ?? "",
      limit: 3,
    });
    expect(rest).toEqual(tree.slice(3).map((key) => folder + key));
  });
}
