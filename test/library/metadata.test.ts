import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Kept } from "../../src/library/metadata.ts";
import { checkMeta, printKept, readKept, toSidecarKey } from "../../src/library/metadata.ts";
import { createMemoryStore } from "../../src/store/memory.ts";

const text = fc.string({ unit: fc.constantFrom(...Array.from('aZ09 %"{}\\;=ü☃🦊\u202E')) });
const fraction = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 10_000);
const kept: fc.Arbitrary<Kept> = fc.record(
  {
    sha256: fc.constant("0f".repeat(32)),
    putId: fc.uuid(),
    width: fc.nat(),
    height: fc.nat(),
    frames: fc.nat(),
    hasAlpha: fc.boolean(),
    thumbhash: fc.base64String(),
    dominant: fc.constant("00ff7f"),
    takenAt: fc.constant("2024-05-01T10:00:00"),
    copyright: text,
    gps: fc.constantFrom("none" as const, "removed" as const, "kept" as const, "unknown" as const),
    name: text,
    owner: text,
    createdAt: fc.constant("2026-11-30T06:00:00.000Z"),
    movedFrom: text,
    focal: fc.record({ x: fraction, y: fraction }),
    meta: fc.dictionary(text, fc.oneof(text, fc.nat(), fc.array(text))),
  },
  { requiredKeys: [] },
);

/** The way through a store and back. */
async function keep(given: Kept): Promise<Kept> {
  const store = createMemoryStore();
  const { metadata, rest } = printKept(given);
  await store.put("a", new Uint8Array(1), { contentType: "image/png", metadata });
  if (rest) await store.put(toSidecarKey("a"), rest, { contentType: "application/json" });
  const info = await store.head("a");
  return info ? readKept(store, "a", info) : {};
}

describe("printKept", () => {
  it("is read back as it was, whatever it holds", async () => {
    await fc.assert(
      fc.asyncProperty(kept, async (given) => {
        expect(await keep(given)).toEqual(given);
      }),
    );
  });

  it("gives headers of printable ASCII without spaces, at most 2 KB of them", () => {
    const long = fc.record({
      name: text,
      meta: fc.dictionary(text, fc.string({ minLength: 500 })),
    });
    fc.assert(
      fc.property(fc.oneof(kept, long), (given) => {
        const { metadata } = printKept(given);
        const pairs = Object.entries(metadata);
        for (const [name, value] of pairs) {
          expect(name).toMatch(/^[a-z\d-]+$/);
          expect(value).toMatch(/^[!-~]*$/);
        }
        expect(pairs.flat().join("").length).toBeLessThanOrEqual(2048);
      }),
    );
  });

  it("moves the largest to KEY.json, and what crops need never", async () => {
    const given: Kept = {
      sha256: "0f".repeat(32),
      focal: { x: 0.5, y: 1 },
      name: "ü".repeat(200),
      copyright: "☃".repeat(500),
      meta: { text: "x".repeat(50_000) },
    };
    const { metadata, rest } = printKept(given);
    expect(metadata).toMatchObject({ focal: "0.5x1", more: "1", sha256: given.sha256 });
    expect(metadata).not.toHaveProperty("meta");
    expect(rest?.length).toBeGreaterThan(50_000);
    expect(await keep(given)).toEqual(given);
  });

  it("replaces halves of characters", async () => {
    expect((await keep({ name: "a\uD800b" })).name).toBe("a\uFFFDb");
  });
});

describe("readKept", () => {
  it("takes nothing for granted that another program wrote", async () => {
    const store = createMemoryStore();
    const metadata = {
      width: "many",
      focal: "2x9",
      gps: "x",
      meta: "{",
      name: "%E0%A4%A",
      more: "1",
    };
    await store.put("a", new Uint8Array(1), { contentType: "image/png", metadata });
    await store.put("a.json", Buffer.from("{"), { contentType: "application/json" });
    const info = await store.head("a");
    expect(info && (await readKept(store, "a", info))).toEqual({ name: "%E0%A4%A" });
  });
});

describe("checkMeta", () => {
  it("refuses more than 64 KiB of JSON", async () => {
    const code = { code: "invalid_metadata" };
    await expect(checkMeta(undefined, { a: "x".repeat(65_536) })).rejects.toMatchObject(code);
    expect(await checkMeta(undefined, { a: "x".repeat(60_000) })).toHaveProperty("a");
  });
});
