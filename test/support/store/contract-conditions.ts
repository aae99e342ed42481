import { expect, it } from "vitest";
import type { PutOptions } from "../../../src/store/store.ts";
import type { Subject } from "./contract-subject.ts";
import { etagOf } from "./contract-subject.ts";

export function describeConditions(subject: Subject): void {
  const { newFolder, putText, getText } = subject;
  it("creates once where nothing must be there", async () => {
    const key = `${newFolder()}once`;
    const metadata = { by: "first" };
    const first = await putText(key, "first", { condition: "absent", metadata });
    expect(first.kind).toBe("stored");
    const second = await putText(key, "second", { condition: "absent", metadata: { by: "2" } });
    expect(second).toEqual({ kind: "precondition_failed" });
    expect(await getText(key)).toBe("first");
    expect(await subject.store.head(key)).toMatchObject({ etag: etagOf(first), metadata });
    await subject.store.delete([key]);
    expect((await putText(key, "third", { condition: "absent" })).kind).toBe("stored");
  });

  it("overwrites only what it was told to", async () => {
    const key = `${newFolder()}cas`;
    const first = etagOf(await putText(key, "one"));
    const wrong = await putText(key, "bad", { condition: { etag: '"00000000"' } });
    expect(wrong).toEqual({ kind: "precondition_failed" });
    const second = await putText(key, "two", { condition: { etag: first } });
    expect(second.kind).toBe("stored");
    const stale = await putText(key, "old", { condition: { etag: first } });
    expect(stale).toEqual({ kind: "precondition_failed" });
    expect(await getText(key)).toBe("two");
    expect((await subject.store.head(key))?.etag).toBe(etagOf(second));
  });

  it("does not overwrite what is not there", async () => {
    const folder = newFolder();
    const never = await putText(`${folder}never`, "x", { condition: { etag: '"abc"' } });
    expect(never).toEqual({ kind: "precondition_failed" });
    const etag = etagOf(await putText(`${folder}gone`, "x"));
    await subject.store.delete([`${folder}gone`]);
    const gone = await putText(`${folder}gone`, "x", { condition: { etag } });
    expect(gone).toEqual({ kind: "precondition_failed" });
    expect(await subject.store.list({ prefix: folder })).toEqual({ keys: [] });
  });

  it("lets one of 16 creations win", async () => {
    const folder = newFolder();
    for (let round = 0; round < 5; round += 1) await race(subject, `${folder}${round}`, "absent");
  });

  it("lets one of 16 overwrites win", async () => {
    const folder = newFolder();
    for (let round = 0; round < 5; round += 1) {
      const etag = etagOf(await putText(`${folder}${round}`, "before"));
      await race(subject, `${folder}${round}`, { etag });
    }
  });
}

async function race(
  { store, putText, getText }: Subject,
  key: string,
  condition: NonNullable<PutOptions["condition"]>,
): Promise<void> {
  const texts = Array.from({ length: 16 }, (_, index) => `${index}`.padStart(6));
  const results = await Promise.all(
    texts.map((text) => putText(key, text, { condition, metadata: { by: text.trim() } })),
  );
  const winners = texts.filter((_, index) => results[index]?.kind === "stored");
  const losers = results.filter(({ kind }) => kind === "precondition_failed");
  expect([winners.length, losers.length]).toEqual([1, 15]);
  expect(await getText(key)).toBe(winners[0]);
  expect((await store.head(key))?.metadata).toEqual({ by: winners[0]?.trim() });
}
