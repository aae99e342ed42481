import { describe, expect, it } from "vitest";
import { listOriginals } from "../../../src/media/originals/list.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";

const KEYS = [
  "a.jpg",
  "cats/",
  "cats/Tom.jpg",
  "cats/Tom.json",
  "cats/old/tomcat.png",
  "dogs/rex.jpg",
  "trash/30/rex.jpg",
  "variants/1/a.jpg/w_3.jpg",
];

function isImage(key: string): boolean {
  return /\.(?:jpg|png)$/.test(key);
}

async function fill(keys: readonly string[]) {
  const store = createMemoryStore();
  for (const key of keys) await store.put(key, new Uint8Array(1), { contentType: "image/jpeg" });
  return { store, variantsRoot: "variants/", isImage };
}

describe("listOriginals", () => {
  it("lists a folder and the folders in it, but neither variants nor keys of other things", async () => {
    const deps = await fill(KEYS);
    expect(await listOriginals(deps, { prefix: "", limit: 10 })).toEqual({
      keys: ["a.jpg"],
      folders: ["cats/", "dogs/"],
    });
    expect(await listOriginals(deps, { prefix: "cats/", limit: 10 })).toEqual({
      keys: ["cats/Tom.jpg"],
      folders: ["cats/old/"],
    });
  });

  it("pages through a folder", async () => {
    const deps = await fill(["a.jpg", "b/c.jpg", "d.jpg"]);
    const first = await listOriginals(deps, { prefix: "", limit: 2 });
    expect(first).toMatchObject({ keys: ["a.jpg"], folders: ["b/"] });
    const { cursor = "" } = first;
    expect(await listOriginals(deps, { prefix: "", limit: 2, cursor })).toEqual({
      keys: ["d.jpg"],
      folders: [],
    });
  });

  it("finds a part of a key behind the prefix, in any case and at any depth", async () => {
    const deps = await fill(KEYS);
    const found = await listOriginals(deps, { prefix: "", search: "TOM", limit: 10 });
    expect(found).toEqual({ keys: ["cats/Tom.jpg", "cats/old/tomcat.png"], folders: [] });
    const none = await listOriginals(deps, { prefix: "cats/", search: "cats", limit: 10 });
    expect(none.keys).toEqual([]);
  });

  it("ends a search after ten pages of the store, and goes on from there", async () => {
    const deps = await fill(
      Array.from({ length: 25 }, (_, index) => `${String(index).padStart(2, "0")}.jpg`),
    );
    // the store has pages of two keys
    const store = {
      list: (options: object) => deps.store.list({ prefix: "", ...options, limit: 2 }),
    };
    const first = await listOriginals({ ...deps, store }, { prefix: "", search: "24", limit: 10 });
    expect(first.keys).toEqual([]);
    const { cursor = "" } = first;
    const rest = await listOriginals(
      { ...deps, store },
      { prefix: "", search: "24", limit: 10, cursor },
    );
    expect(rest).toEqual({ keys: ["24.jpg"], folders: [] });
  });
});
