import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Item, Library } from "../../src/library.ts";

declare const library: Library;

/** Calls that compile, and calls that must not; the compiler checks them, nothing runs. */
export async function check(): Promise<void> {
  const posts = library.collection("posts", {
    meta: z.object({ alt: z.string(), rank: z.number().default(0) }),
  });
  const taken = await posts.put(new Uint8Array(), { meta: { alt: "a" } });
  if (taken.ok) {
    const alt: string = taken.item.meta.alt;
    const rank: number = taken.item.meta.rank;
    void [alt, rank];
    // @ts-expect-error the schema has no such field
    void taken.item.meta.title;
  } else {
    const message: string = taken.message;
    void message;
    // @ts-expect-error a refusal has no item
    void taken.item;
  }
  // @ts-expect-error the metadata is missing
  await posts.put(new Uint8Array());
  // @ts-expect-error a field of it is missing
  await posts.put(new Uint8Array(), { meta: {} });
  // @ts-expect-error it has another type
  await posts.put(new Uint8Array(), { meta: { alt: 5 } });
  // @ts-expect-error it has another type
  await posts.update("posts/a.jpg", { meta: { alt: 5 } });
  // @ts-expect-error a date does not survive JSON
  library.collection("dates", { meta: z.object({ at: z.date() }) });
  // @ts-expect-error there are rules for 7, 30 and 90 days
  await posts.delete("posts/a.jpg", { after: 5 });
  // @ts-expect-error URLs of files are not fetched
  await posts.put(new URL("https://example.com"), { meta: { alt: "a" } });
  const plain = library.collection("plain");
  await plain.put(new Uint8Array());
  const item: Item | undefined = await plain.get("plain/a.jpg");
  item?.url({ width: 300, gravity: "auto" });
  // @ts-expect-error an image has no such option
  item?.url({ widht: 300 });
}

describe("the types of a collection", () => {
  it("are checked by the compiler", () => {
    expect(check).toBeTypeOf("function");
  });
});
