import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEdits } from "../../../src/image/metadata/edit.ts";
import { findLocation } from "../../../src/image/metadata/location.ts";
import { PublicOriginals } from "../../../src/media/originals/public-originals.ts";
import type { OpenOptions } from "../../../src/store/store.ts";
import {
  drawMultiPicture,
  eraseLocation,
  insertSegments,
  XMP_SEGMENT,
} from "../../support/image/metadata.ts";
import { createBench } from "../../support/media/variants.ts";

const KEY = "cat.jpg";
const signal = new AbortController().signal;

// the second image, which also names a location, is at the end
const photo = insertSegments(await drawMultiPicture(), [XMP_SEGMENT]);
const erased = Buffer.from(photo);
eraseLocation(erased);

async function createOriginals(maxBytes = 100_000) {
  const bench = createBench({ maxBytes });
  const put = (bytes: Uint8Array) => bench.originals.put(KEY, bytes, { contentType: "" });
  await put(photo);
  const originals = new PublicOriginals({
    originals: bench.sharedOriginals,
    findEdits: (bytes) => findLocation(bytes).edits,
    applyEdits,
  });
  const open = async (options: OpenOptions = {}) => {
    const result = await originals.open(KEY, { signal, ...options });
    if (result.kind !== "found") return result.kind;
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const etag = (await originals.head(KEY, signal))?.etag ?? "";
  return { bench, put, originals, open, etag };
}

describe("an original as everybody may have it", () => {
  it("has no location, the same length, and an ETag of its own", async () => {
    const { bench, originals, open, etag } = await createOriginals();
    expect(erased).not.toEqual(photo);
    expect(await open({ ifMatch: etag })).toEqual(erased);
    expect(await open()).toEqual(erased);
    const stored = await bench.originals.head(KEY);
    expect(await originals.head(KEY, signal)).toEqual({ ...stored, etag });
    expect(etag).not.toBe(stored?.etag);
  });

  it("has the same bytes in every range", async () => {
    const { bench, open, etag } = await createOriginals();
    const position = fc.nat({ max: photo.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const part = await open({ ifMatch: etag, range: { first, last } });
        expect(part).toEqual(erased.subarray(first, last + 1));
      }),
    );
    expect(bench.count("originals.get")).toBe(1); // to find what to overwrite
    const stored = await bench.originals.get(KEY, { maxBytes: 100_000 });
    expect(stored.kind === "found" && photo.equals(stored.bytes)).toBe(true);
  });

  it("is found by a GET where a HEAD says that it is missing", async () => {
    const { bench, open, originals } = await createOriginals();
    bench.originals.head = async () => undefined;
    expect(await originals.head(KEY, signal)).toBeUndefined();
    expect(await open()).toEqual(erased);
  });

  it("is read once for all who ask for it at the same time", async () => {
    const { bench, open, etag } = await createOriginals();
    const all = await Promise.all([1, 2, 3].map(() => open({ ifMatch: etag })));
    expect(all).toEqual([erased, erased, erased]);
    expect(bench.count("originals.get")).toBe(1);
  });

  it("is another one once it was replaced", async () => {
    const { put, open, etag, originals } = await createOriginals();
    await open({ ifMatch: etag });
    await put(erased);
    expect(await open({ ifMatch: etag })).toBe("changed");
    const now = (await originals.head(KEY, signal))?.etag ?? "";
    expect(await open({ ifMatch: now })).toEqual(erased);
  });

  it("is not found by the ETag of the store, nor beyond the limit", async () => {
    const { bench, open } = await createOriginals();
    const stored = await bench.originals.head(KEY);
    expect(await open({ ifMatch: stored?.etag ?? "" })).toBe("changed");
    await bench.originals.delete([KEY]);
    expect(await open()).toBe("missing");
    const small = await createOriginals(1000);
    const tooLarge = small.open({ ifMatch: small.etag });
    await expect(tooLarge).rejects.toMatchObject({ code: "too_large" });
  });
});
