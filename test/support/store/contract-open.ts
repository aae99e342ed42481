import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { OpenOptions } from "../../../src/store/store.ts";
import type { Subject } from "./contract-subject.ts";
import { etagOf, TEXT } from "./contract-subject.ts";

export function describeOpen(subject: Subject): void {
  const { newFolder, putText } = subject;

  /** The bytes of what was opened, or the kind of the answer. */
  async function read(key: string, options?: OpenOptions): Promise<Buffer | string> {
    const result = await subject.store.open(key, options);
    if (result.kind !== "found") return result.kind;
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it.each([1, 2, 65_536, 65_537, 1_000_003])("reads %i bytes as they are taken", async (size) => {
    const key = `${newFolder()}bytes`;
    const bytes = randomBytes(size);
    const headers = { ...TEXT, metadata: { sha256: "0f" } };
    const stored = await subject.store.put(key, bytes, headers);
    expect(Buffer.compare((await read(key)) as Buffer, bytes)).toBe(0);
    const ifMatch = etagOf(stored);
    expect(Buffer.compare((await read(key, { ifMatch })) as Buffer, bytes)).toBe(0);
    const result = await subject.store.open(key);
    expect(result).toMatchObject({ kind: "found", info: { ...headers, etag: ifMatch, size } });
    if (result.kind === "found") result.body.close();
  });

  it("reads a part, and tells of the whole", async () => {
    const key = `${newFolder()}part`;
    const bytes = randomBytes(200_000);
    await subject.store.put(key, bytes, TEXT);
    for (const [first, last] of [
      [0, 0],
      [0, 199_999],
      [199_999, 199_999],
      [65_530, 65_540],
      [1, 150_000],
    ] as const) {
      const expected = bytes.subarray(first, last + 1);
      expect(
        Buffer.compare((await read(key, { range: { first, last } })) as Buffer, expected),
      ).toBe(0);
    }
    const result = await subject.store.open(key, { range: { first: 5, last: 9 } });
    expect(result).toMatchObject({ kind: "found", info: { size: 200_000 } });
    if (result.kind === "found") result.body.close();
  });

  it("does not read what is not the same, or not so long", async () => {
    const key = `${newFolder()}other`;
    const before = etagOf(await putText(key, "before"));
    await putText(key, "after");
    expect(await read(key, { ifMatch: before })).toBe("changed");
    expect(await read(key, { ifMatch: before, range: { first: 0, last: 1 } })).toBe("changed");
    expect(await read(key, { range: { first: 7, last: 9 } })).toBe("changed");
    const result = await subject.store.open(`${key}-missing`, { range: { first: 0, last: 1 } });
    expect(result).toEqual({ kind: "missing", isDefinite: true });
  });

  it("lets go at any point, and serves on", async () => {
    const key = `${newFolder()}left`;
    await subject.store.put(key, randomBytes(400_000), TEXT);
    for (let round = 0; round < 60; round += 1) {
      const result = await subject.store.open(key);
      if (result.kind !== "found") throw new Error(result.kind);
      const { body } = result;
      if (round % 3 === 0) {
        body.close();
        body.close();
        continue;
      }
      for await (const chunk of body) {
        expect(chunk.length).toBeGreaterThan(0);
        if (round % 3 === 1) body.close();
        break;
      }
    }
    expect(((await read(key)) as Buffer).length).toBe(400_000);
  });
}
