import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory.ts";
import { describeStore, describeStorePages } from "../support/store/contract.ts";

describeStore("createMemoryStore", async () => createMemoryStore(), {
  emptySegments: true,
  longSegments: true,
  nestedKeys: true,
});
describeStorePages("createMemoryStore", async () => createMemoryStore());

describe("createMemoryStore", () => {
  it("is there at once, and empty", async () => {
    const store = createMemoryStore();
    expect(await store.probe()).toBeUndefined();
    expect(await store.list({ prefix: "" })).toEqual({ keys: [] });
  });

  it("shares nothing with another", async () => {
    const store = createMemoryStore();
    await store.put("a", Buffer.from("x"), { contentType: "text/plain" });
    expect(await createMemoryStore().head("a")).toBeUndefined();
  });
});
