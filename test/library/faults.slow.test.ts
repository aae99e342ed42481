import { createHash, randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Collection, Library } from "../../src/library.ts";
import { createS3Store } from "../../src/store/s3/store.ts";
import type { ObjectStore } from "../../src/store/store.ts";
import type { FaultyS3 } from "../support/s3/proxy.ts";
import { startFaultyS3 } from "../support/s3/proxy.ts";
import { refuse } from "../support/s3/script.ts";
import { accept, collect, drawUnique, listKeys, openLibrary } from "../support/library/library.ts";

const META = { text: "x".repeat(3000) };
const QUOTA = { items: 10, per: "owner" } as const;

let s3: FaultyS3;
let originals: ObjectStore;
let variants: ObjectStore;
/** Two instances, which know nothing of each other. */
let libraries: readonly [Library, Library];

beforeAll(async () => {
  s3 = await startFaultyS3();
  const open = (bucket: string) => createS3Store({ client: s3.client, bucket, timeoutMs: 5000 });
  originals = open(s3.originalsBucket);
  variants = open(s3.variantsBucket);
  const store = { bucket: s3.originalsBucket, variantsBucket: s3.variantsBucket };
  libraries = [openLibrary(store), openLibrary(store)];
});
afterEach(() => s3.heal());
afterAll(async () => {
  await Promise.all(libraries.map((library) => library.close()));
  await s3.stop();
});

/** Opens the same new collection at both instances. */
function openBoth(
  options: Parameters<Library["collection"]>[1],
): readonly [Collection, Collection] {
  const name = randomUUID();
  return [libraries[0].collection(name, options), libraries[1].collection(name, options)];
}

/**
 * Fails one call, and its retry, once `skipped` others have gone through; tells whether there was such a call.
 *
 * @param pattern leaves out what goes on behind other calls
 */
function failAfter(skipped: number, pattern: RegExp): () => boolean {
  const before = s3.count(pattern);
  s3.fail(pattern, { times: skipped });
  s3.fail(pattern, { times: 2, answer: refuse(500, "InternalError") });
  return () => s3.count(pattern) > before + skipped;
}

/** Finds files of a collection that have lost bytes. */
async function findProblems(collection: Collection): Promise<readonly string[]> {
  const items = await collect(collection.list());
  const problems: string[] = [];
  for (const item of items) {
    const bytes = Buffer.from(await (await item.file()).arrayBuffer());
    const hash = createHash("sha256").update(bytes).digest("hex");
    if (hash !== item.sha256) problems.push(`${item.key} has other bytes`);
  }
  return problems;
}

describe("a library whose store fails", () => {
  it("puts all of a file or nothing, whichever call fails, and counts it right", async () => {
    const [collection] = openBoth({ quota: QUOTA, key: "content" });
    accept(await collection.put(await drawUnique(8, 8), { owner: "ann" })); // the ledger is there
    let failures = 0;
    for (let skipped = 0; ; skipped += 1) {
      const bytes = await drawUnique(8, 8);
      const wasReached = failAfter(skipped, / originals\//);
      const outcome = await collection
        .put(bytes, { owner: "ann", meta: META })
        .catch((error: Error) => error);
      s3.heal();
      if (!wasReached()) break;
      if (outcome instanceof Error) failures += 1;
      // a client tries again
      const { item } = accept(await collection.put(bytes, { owner: "ann", meta: META }));
      expect(await collection.get(item.key), `call ${skipped}`).toMatchObject({ meta: META });
      expect(await findProblems(collection)).toEqual([]);
      await collection.delete(item.key);
      expect(await collection.usage({ owner: "ann" }), `call ${skipped}`).toEqual({
        items: 1,
        bytes: expect.any(Number),
      });
    }
    expect(failures).toBeGreaterThan(3);
  });

  it("moves a file, or can go on with it, whichever call fails", async () => {
    const [collection] = openBoth({ quota: QUOTA });
    const options = { owner: "ann", meta: META };
    for (let skipped = 0; ; skipped += 1) {
      const {
        key: from,
        sha256,
        bytes,
      } = accept(await collection.put(await drawUnique(8, 8), options)).item;
      const to = from.replace(".jpg", "-moved.jpg");
      const wasReached = failAfter(skipped, new RegExp(` originals/|${from}`));
      await collection.move(from, to).catch((error: Error) => error);
      s3.heal();
      const { item } = accept(await collection.move(from, to));
      expect(item, `call ${skipped}`).toMatchObject({ key: to, sha256, meta: META });
      expect(await collection.get(from)).toBeUndefined();
      expect(await collection.usage({ owner: "ann" }), `call ${skipped}`).toEqual({
        items: 1,
        bytes,
      });
      await collection.delete(to);
      if (!wasReached()) break;
    }
  });

  it("changes all of the metadata or nothing, whichever call fails", async () => {
    const [collection] = openBoth({});
    for (let skipped = 0; ; skipped += 1) {
      const before = { text: "short" };
      const bytes = await drawUnique(8, 8);
      const { key } = accept(await collection.put(bytes, { meta: before })).item;
      const wasReached = failAfter(skipped, new RegExp(key));
      const problem = await collection.update(key, { meta: META }).catch((error: Error) => error);
      s3.heal();
      const { meta } = (await collection.get(key)) ?? {};
      expect(meta, `call ${skipped}`).toEqual(problem instanceof Error ? before : META);
      if (!wasReached()) break;
    }
  });

  it("deletes a file, or can go on with it, whichever call fails", async () => {
    const [collection] = openBoth({ quota: QUOTA, presets: ["card"], warm: "await" });
    for (let skipped = 0; ; skipped += 1) {
      const { key } = accept(
        await collection.put(await drawUnique(8, 8), { owner: "ann", meta: META }),
      ).item;
      const wasReached = failAfter(skipped, new RegExp(` originals/|${key}`));
      await collection.delete(key, { after: 7 }).catch((error: Error) => error);
      s3.heal();
      await collection.delete(key);
      expect(await listKeys(variants, `variants/1/${key}`), `call ${skipped}`).toEqual([]);
      expect(await listKeys(originals, key), `call ${skipped}`).toEqual([]);
      expect(await collection.usage({ owner: "ann" }), `call ${skipped}`).toEqual({
        items: 0,
        bytes: 0,
      });
      if (!wasReached()) break;
    }
  });
});
