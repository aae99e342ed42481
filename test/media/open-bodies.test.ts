import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ByteStream } from "../../src/media/open-bodies.ts";
import { OpenBodies, peekStream, verifyStream } from "../../src/media/open-bodies.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { ObjectStore } from "../../src/store/store.ts";

const BYTES = randomBytes(200_000);
const now = (): number => performance.now();

async function fill(): Promise<ObjectStore> {
  const store = createMemoryStore();
  await store.put("key", BYTES, { contentType: "image/png" });
  return store;
}

async function openIn(store: ObjectStore, limit = 1): Promise<ByteStream> {
  const result = await new OpenBodies({ limit, now }).open(store, "key", {});
  if (result.kind !== "found") throw new Error(result.kind);
  return result.body;
}

async function read(body: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("OpenBodies", () => {
  it("has so many under way, and no more", async () => {
    const store = await fill();
    const bodies = new OpenBodies({ limit: 2, now });
    const open = async (key = "key"): Promise<ByteStream | undefined> => {
      const result = await bodies.open(store, key, {});
      return result.kind === "found" ? result.body : undefined;
    };
    const [first, second] = [await open(), await open()];
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
    second?.close();
    second?.close();
    const third = await open();
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
    if (first) expect((await read(first)).equals(BYTES)).toBe(true);
    for (let round = 0; round < 5; round += 1) expect(await open("missing")).toBeUndefined();
    const fourth = await open();
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
    for (const body of [third, fourth]) body?.close();
  });
});

describe("a client that takes nothing", () => {
  /** In chunks, as what is sent is. */
  const chunked: Pick<ObjectStore, "open"> = {
    open: async () => ({
      kind: "found",
      info: { etag: '"e"', size: 4, metadata: {} },
      body: {
        close: () => undefined,
        async *[Symbol.asyncIterator]() {
          for (const byte of [1, 2, 3, 4]) yield Uint8Array.of(byte);
        },
      },
    }),
  };

  async function startReading(
    limit: number,
  ): Promise<{ open: () => Promise<AsyncIterator<Uint8Array>>; advance: (ms: number) => void }> {
    let time = 0;
    const bodies = new OpenBodies({ limit, now: () => time });
    const open = async (): Promise<AsyncIterator<Uint8Array>> => {
      const result = await bodies.open(chunked, "key", {});
      if (result.kind !== "found") throw new Error(result.kind);
      const reader = result.body[Symbol.asyncIterator]();
      await reader.next();
      return reader;
    };
    return { open, advance: (ms) => void (time += ms) };
  }

  it("makes room when others want to be sent something, the one that stood still the longest first", async () => {
    const { open, advance } = await startReading(2);
    const first = await open();
    advance(1000);
    const second = await open();
    advance(3999);
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
    advance(1);
    const third = await open();
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
    await expect(first.next()).rejects.toMatchObject({ code: "timeout" });
    for (const reader of [second, third]) {
      expect(await reader.next()).toEqual({ done: false, value: Uint8Array.of(2) });
    }
  });

  it("keeps its place while nobody else wants it", async () => {
    const { open, advance } = await startReading(1);
    const reader = await open();
    advance(20_000);
    expect(await reader.next()).toEqual({ done: false, value: Uint8Array.of(2) });
    await expect(open()).rejects.toMatchObject({ code: "overloaded" });
  });
});

describe("verifyStream", () => {
  it("gives what is whole, and never the end of what is not", async () => {
    const digest = createHash("sha256").update(BYTES).digest("hex");
    for (const [expected, damages] of [
      [digest, 0],
      ["00", 1],
    ] as const) {
      let count = 0;
      const onDamage = async (): Promise<void> => void (count += 1);
      const hash = createHash("sha256");
      const body = verifyStream(await openIn(await fill()), { hash, digest: expected, onDamage });
      const given: Uint8Array[] = [];
      const reading = (async () => {
        for await (const chunk of body) given.push(chunk);
      })();
      if (damages === 0) await reading;
      else await expect(reading).rejects.toMatchObject({ code: "store_failed" });
      expect(count).toBe(damages);
      const size = Buffer.concat(given).length;
      if (damages === 0) expect(size).toBe(BYTES.length);
      else expect(size).toBeLessThan(BYTES.length);
    }
  });
});

describe("peekStream", () => {
  it.each([1, 512, 100_000, 300_000])("shows the first %i bytes, and takes none", async (count) => {
    const { start, body } = await peekStream(await openIn(await fill()), count);
    expect(start.length).toBeGreaterThanOrEqual(Math.min(count, BYTES.length));
    expect((await read(body)).equals(BYTES)).toBe(true);
  });
});
