import { randomUUID } from "node:crypto";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Collection, Library } from "../../../src/library.ts";
import type { FaultyS3 } from "../s3/proxy.ts";
import type { S3Server } from "../s3/server.ts";
import { startFaultyS3 } from "../s3/proxy.ts";
import type { TestServer } from "../service/server.ts";
import { startTestServer } from "../service/server.ts";
import { accept, codeOf, collect, drawUnique, openLibrary } from "./library.ts";

const META = { text: "x".repeat(3000) };
const QUOTA = { items: 10, per: "owner" } as const;

/**
 * The promises of two instances at the same store.
 *
 * @param start starts the store. Default: the simulator of R2
 */
export function describeRaces(start?: () => Promise<S3Server>): void {
  describe("instances of a library", () => {
    let s3: FaultyS3;
    /** Two instances, which know nothing of each other. */
    let libraries: readonly [Library, Library];

    beforeAll(async () => {
      s3 = await startFaultyS3(await start?.());
      const store = { bucket: s3.originalsBucket, variantsBucket: s3.variantsBucket };
      libraries = [openLibrary(store), openLibrary(store)];
    });
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

    async function listVariants(key: string): Promise<readonly string[]> {
      const Prefix = `variants/1/${key}`;
      const command = new ListObjectsV2Command({ Bucket: s3.variantsBucket, Prefix });
      const { Contents = [] } = await s3.client.send(command);
      return Contents.map(({ Key = "" }) => Key);
    }

    describe("two instances", () => {
      it("keep the same file once that both are given at the same time", async () => {
        const both = openBoth({ key: "content", quota: QUOTA });
        for (let round = 0; round < 3; round += 1) {
          const bytes = await drawUnique(8, 8);
          const outcomes = await Promise.all(
            [...both, ...both].map((collection, index) =>
              collection.put(bytes, { owner: "ann", meta: { ...META, index } }),
            ),
          );
          const taken = outcomes.map(accept);
          expect(new Set(taken.map(({ item }) => item.key)).size).toBe(1);
          expect(taken.filter(({ existed }) => !existed)).toHaveLength(1);
          const winner = taken.find(({ existed }) => !existed);
          expect((await both[1].get(String(winner?.item.key)))?.meta).toEqual(winner?.item.meta);
        }
        expect(await both[0].usage({ owner: "ann" })).toMatchObject({ items: 3 });
      });

      it("keep to a quota that twenty puts race for", async () => {
        const both = openBoth({ quota: { items: 5, bytes: 1e6, per: "owner" } });
        const files = await Promise.all(Array.from({ length: 20 }, () => drawUnique(8, 8)));
        const outcomes = await Promise.all(
          files.map((bytes, index) => both[index % 2 === 0 ? 0 : 1].put(bytes, { owner: "ann" })),
        );
        const codes = outcomes.map(codeOf).toSorted();
        expect(codes).toEqual([...Array(15).fill("quota"), ...Array(5).fill("taken")]);
        expect(await collect(both[0].list())).toHaveLength(5);
        expect(await both[1].usage({ owner: "ann" })).toMatchObject({ items: 5 });
      });

      it("move two files to one key, and one of them stays where it is", async () => {
        const both = openBoth({});
        const first = accept(await both[0].put(await drawUnique(8, 8))).item;
        const second = accept(await both[0].put(await drawUnique(8, 8))).item;
        const to = first.key.replace(/[^/]+$/, "one.jpg");
        const outcomes = await Promise.all([
          both[0].move(first.key, to),
          both[1].move(second.key, to),
        ]);
        expect(outcomes.map(codeOf).toSorted()).toEqual(["exists", "taken"]);
        const left = await collect(both[0].list());
        expect(new Set(left.map(({ sha256 }) => sha256))).toEqual(
          new Set([first.sha256, second.sha256]),
        );
        expect(left).toHaveLength(2);
      });
    });

    describe("a file that is deleted while a variant of it is made", () => {
      let service: TestServer;
      beforeAll(async () => {
        service = await startTestServer({
          S3_BUCKET: s3.originalsBucket,
          S3_VARIANTS_BUCKET: s3.variantsBucket,
          POLICY: "open",
          DELIVERY: "stream",
          POOL_SIZE: "1",
        });
      });
      afterAll(() => service.stop());
      afterEach(() => s3.heal());

      it("leaves no variant when the service has read it before", async () => {
        const [collection] = openBoth({});
        const { key } = accept(await collection.put(await drawUnique())).item;
        const deletion = { after: () => collection.delete(key), times: 1 };
        s3.fail(new RegExp(`GET originals/${key}`), deletion);
        expect((await fetch(`${service.url}/w_20/${key}`)).status).toBe(200);
        const asked = new RegExp(`HEAD originals/${key}`);
        await vi.waitFor(() => expect(s3.count(asked)).toBeGreaterThan(2), 20_000);
        await vi.waitFor(() => expect(s3.pending()).toBe(0), 20_000);
        expect(s3.count(new RegExp(`PUT variants/variants/1/${key}`))).toBe(0);
        expect(await listVariants(key)).toEqual([]);
      });

      it("leaves no variant when the service is just writing it, after a second look", async () => {
        const [collection] = openBoth({});
        const { key } = accept(await collection.put(await drawUnique())).item;
        const write = new RegExp(`PUT variants/variants/1/${key}`);
        s3.fail(write, { before: () => collection.delete(key), times: 1 });
        expect((await fetch(`${service.url}/w_20/${key}`)).status).toBe(200);
        const findWrite = (): void =>
          expect(s3.answers).toContainEqual(expect.stringMatching(write));
        await vi.waitFor(findWrite, 20_000);
        await vi.waitFor(async () => expect(await listVariants(key)).toEqual([]), 20_000);
      });
    });
  });
}
