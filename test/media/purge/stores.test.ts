import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toCacheTag } from "../../../src/url/cache-tag.ts";
import { purge } from "../../../src/media/purge/purge.ts";
import { createFileStore } from "../../../src/store/file/store.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { depsOf, expectPagesGone, fill } from "../../support/media/purge-bench.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { createBench } from "../../support/media/variants.ts";

async function listAll(store: ObjectStore): Promise<readonly string[]> {
  return (await store.list({ prefix: "" })).keys;
}

/** Everything that a key can be, and its neighbours. */
const ODD = [
  "a b.jpg",
  "a+b.jpg",
  "a%20b.jpg",
  "a%2Fb.jpg",
  "größe/日本.jpg",
  "a.jpg/b.jpg",
  "a.jpg/w_300.webp",
  "a.jpgx",
  "A.jpg",
  "'\"<&>.jpg",
  "w_300/a.jpg",
];

describe.each(["memory", "file", "s3"])("purge in a store of %s", (kind) => {
  let s3: S3Server;
  let root: string;
  let store: ObjectStore;
  const stops: (() => unknown)[] = [];

  beforeAll(async () => {
    if (kind === "memory") store = createMemoryStore();
    if (kind === "file") {
      root = await mkdtemp(join(tmpdir(), "shift-media-purge-"));
      stops.push(() => rm(root, { recursive: true }));
      store = createFileStore({ root, shouldCreate: true });
    }
    if (kind === "s3") {
      s3 = await startS3Server();
      const client = createS3Client({ ...s3, forcePathStyle: true });
      stops.push(() => client.destroy(), s3.stop);
      store = createS3Store({ client, bucket: s3.variantsBucket, timeoutMs: 20_000 });
    }
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  it("takes the variants of one key, and those of no other", async () => {
    const keys = kind === "s3" ? [...ODD, "a//b.jpg", "end "] : ODD;
    const deps = depsOf(createBench({ store }));
    const names = ["w_300.webp", "_.webp", "w_300,h_200.jpg"];
    const all = keys.flatMap((key) => names.map((name) => `variants/1/${key}/${name}`));
    await fill(store, all);
    const rest = new Set(all);
    for (const key of keys) {
      const mine = names.map((name) => `variants/1/${key}/${name}`);
      const result = await purge(deps, { kind: "key", key });
      expect(result).toMatchObject({ left: [], isComplete: true });
      expect(result.purged).toEqual([
        { key, variants: expect.arrayContaining(mine), cacheTag: toCacheTag(key) },
      ]);
      expect(result.purged[0]?.variants).toHaveLength(mine.length);
      for (const name of mine) rest.delete(name);
      expect(new Set(await listAll(store))).toEqual(rest);
    }
    expect(rest.size).toBe(0);
  });

  it("takes what begins so, leaves what is no variant, and tells both", async () => {
    const deps = depsOf(createBench({ store }));
    const stay = [
      "photos/cat.jpg",
      "variants/1/photos/notes.txt",
      "variants/1/photos/cat.jpg/w_0300.jpg",
      "variants/2/photos/cat.jpg/w_3.jpg",
      "variants/1/photo/cat.jpg/w_3.jpg",
    ];
    const go = [
      "variants/1/photos/cat.jpg/w_3.jpg",
      "variants/1/photos/cat.jpg/w_4.jpg",
      "variants/1/photos/cat.jpg/dog.jpg/w_3.jpg",
      "variants/1/photos/x/y/z.png/w_3.png",
    ];
    await fill(store, [...stay, ...go]);
    if (kind === "s3") await fill(store, ["variants/1/photos/"]);
    const target = { kind: "prefix", prefix: "photos/" } as const;
    const planned = await purge(deps, target, { isDryRun: true });
    const done = await purge(deps, target);
    expect(done).toEqual(planned);
    const { purged, left } = done;
    expect(new Set(purged.flatMap(({ variants }) => variants))).toEqual(new Set(go));
    expect(purged.map(({ key }) => key).toSorted()).toEqual(
      ["photos/cat.jpg", "photos/cat.jpg/dog.jpg", "photos/x/y/z.png"].toSorted(),
    );
    const placeholder = kind === "s3" ? ["variants/1/photos/"] : [];
    expect(left.toSorted()).toEqual([...stay.slice(1, 3), ...placeholder].toSorted());
    expect(new Set(await listAll(store))).toEqual(new Set([...stay, ...placeholder]));
    const longer = await purge(deps, { kind: "prefix", prefix: "photo/cat.jpg/" });
    expect(longer).toEqual({ purged: [], left: [], isComplete: true });
    await store.delete([...stay, ...placeholder]);
  });

  // each object of a bucket is a request: see stores.slow.test.ts
  if (kind !== "s3") it("takes more than a page", () => expectPagesGone(store));
});
