import { createHash, randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { Library } from "../../../src/library.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { useS3 } from "../s3/environment.ts";
import type { S3Server } from "../s3/server.ts";
import { startS3Server } from "../s3/server.ts";
import { accept, BASE_URL, codeOf, collect, drawUnique, listKeys, openLibrary } from "./library.ts";

export interface Subject {
  readonly library: Library;
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
  close(): Promise<void>;
}

/** A library, and direct ways to its stores. */
export async function openS3Subject(
  start: () => Promise<S3Server> = startS3Server,
): Promise<Subject> {
  const server = await start();
  useS3(server);
  const { originalsBucket, variantsBucket } = server;
  const library = openLibrary({ bucket: originalsBucket, variantsBucket });
  const client = createS3Client({ ...server, forcePathStyle: true });
  return {
    library,
    originals: createS3Store({ client, bucket: originalsBucket, timeoutMs: 5000 }),
    variants: createS3Store({ client, bucket: variantsBucket, timeoutMs: 5000 }),
    close: async () => {
      await library.close();
      vi.unstubAllEnvs();
      client.destroy();
      await server.stop();
    },
  };
}

const schema = z.object({ alt: z.string(), tags: z.array(z.string()).optional() });

/** The promises of a collection, to be kept on every store. */
export function describeCollection(name: string, openSubject: () => Promise<Subject>): void {
  describe(`a collection on ${name}`, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await openSubject();
    });
    afterAll(() => subject.close());

    it("takes a file, describes it, lists it, and deletes it with its variants", async () => {
      const { library, variants } = subject;
      const posts = library.collection("posts", { meta: schema, presets: ["card"], warm: "await" });
      const bytes = await drawUnique(80, 40);
      const meta = { alt: "A ferry, Öresund ☃", tags: ["sea"] };
      const file = new File([bytes], "Fähre.JPG", { type: "text/html" });
      const { item, existed } = accept(await posts.put(file, { owner: "ann", meta }));
      expect(item).toMatchObject({
        name: "Fähre.JPG",
        type: "image/jpeg",
        bytes: bytes.length,
        width: 80,
        height: 40,
        frames: 1,
        hasAlpha: false,
        owner: "ann",
        meta,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
      expect(existed).toBe(false);
      expect(item.key).toMatch(/^posts\/ann\/[\da-z]{26}\.jpg$/);
      expect(JSON.parse(JSON.stringify(await posts.get(item.key)))).toEqual(
        JSON.parse(JSON.stringify(item)),
      );
      expect(Buffer.from(await (await item.file()).arrayBuffer()).equals(bytes)).toBe(true);
      expect(Buffer.concat(await collect(await item.stream())).equals(bytes)).toBe(true);
      const listed = await collect(posts.list({ owner: "ann" }));
      expect(listed.map(({ key, meta: own }) => [key, own.alt])).toEqual([[item.key, meta.alt]]);

      const made = await listKeys(variants, `variants/1/${item.key}/`);
      expect(made).toEqual([`variants/1/${item.key}/w_40,h_30,v_${item.version}.jpg`]);
      const deleted = await posts.delete(item.key);
      expect(deleted).toMatchObject({ deleted: [item.key], missing: [], variants: 1 });
      expect(deleted.cacheTags[0]).toMatch(/^[\da-f]{16}$/);
      expect(await posts.get(item.key)).toBeUndefined();
      expect(await listKeys(variants, `variants/1/${item.key}/`)).toEqual([]);
      expect(await posts.delete(item.key)).toMatchObject({ deleted: [], missing: [item.key] });
    });

    it("gives URLs with the version of the item, and what a page needs", async () => {
      const album = subject.library.collection("album");
      const { item } = accept(await album.put(await drawUnique(80, 40), { name: "a.jpg" }));
      expect(item.version).toMatch(/^[\da-f]{8}$/);
      expect(item.url({ width: 20 })).toBe(`${BASE_URL}/w_20,v_${item.version}/${item.key}`);
      expect(item.url()).toBe(`${BASE_URL}/${item.key}`);
      const img = item.img({ width: 20 });
      expect(img).toMatchObject({ width: 20, height: 10 });
      expect(img.srcset).toContain(`v_${item.version}`);
      expect(img.style).toMatch(
        /^background: center \/ cover no-repeat url\("data:image\/png;base64/,
      );
      expect(item.img()).toMatchObject({ width: 80, height: 40 });
    });

    it("keeps the same bytes of one owner once, and those of another one apart", async () => {
      const scans = subject.library.collection("scans", { key: "content" });
      const bytes = await drawUnique();
      const put = async (owner: string, alt: string) =>
        accept(await scans.put(bytes, { owner, meta: { alt } }));
      const first = await put("ann", "first");
      const again = await put("ann", "second");
      expect([first.existed, again.existed]).toEqual([false, true]);
      expect(again.item).toMatchObject({ key: first.item.key, meta: { alt: "first" } });
      const other = await put("bob", "third");
      expect(other).toMatchObject({ existed: false, item: { meta: { alt: "third" } } });
      expect(other.item.key).toBe(first.item.key.replace("/ann/", "/bob/"));
    });

    it("changes metadata of any length, and the focal point with the version", async () => {
      const album = subject.library.collection("notes", { presets: ["card"], warm: "await" });
      const { key, version } = accept(await album.put(await drawUnique(), { meta: { a: 1 } })).item;
      const long = { text: "ü☃".repeat(2000) };
      expect(accept(await album.update(key, { meta: long })).item.meta).toEqual(long);
      expect(await album.get(key)).toMatchObject({ meta: long, version });
      expect((await collect(album.list())).map((each) => each.key)).toEqual([key]);
      const focal = { x: 0.25, y: 0.75 };
      const moved = accept(await album.update(key, { focal })).item;
      expect(moved).toMatchObject({ focal, meta: long });
      expect(moved.version).not.toBe(version);
      const made = await listKeys(subject.variants, `variants/1/${key}/`);
      expect(made).toEqual([`variants/1/${key}/w_40,h_30,v_${moved.version}.jpg`]);
      expect((await subject.originals.head(key))?.metadata["focal"]).toBe("0.25x0.75");
      const back = accept(await album.update(key, { focal: "none", meta: {} })).item;
      expect([back.focal, back.version, back.meta]).toEqual([undefined, version, {}]);
      expect(await subject.originals.head(`${key}.json`)).toBeUndefined();
      expect(codeOf(await album.update("notes/missing.jpg", { meta: {} }))).toBe("not_found");
    });

    it("moves and copies to keys that are free, with all that is kept", async () => {
      const trips = subject.library.collection("trips");
      const meta = { text: "x".repeat(5000) };
      const { item } = accept(await trips.put(await drawUnique(), { meta, name: "a.jpg" }));
      const other = accept(await trips.put(await drawUnique())).item;
      expect(codeOf(await trips.move(item.key, other.key))).toBe("exists");
      expect(codeOf(await trips.copy(item.key, other.key))).toBe("exists");
      expect(codeOf(await trips.move("trips/none.jpg", "trips/b.jpg"))).toBe("not_found");
      const copied = accept(await trips.copy(item.key, "trips/a b/ü+.jpg")).item;
      expect(copied).toMatchObject({ meta, sha256: item.sha256, version: item.version });
      const moved = accept(await trips.move(item.key, "trips/moved.jpg")).item;
      expect(await trips.get("trips/moved.jpg")).toMatchObject({ meta, sha256: item.sha256 });
      expect(moved.key).toBe("trips/moved.jpg");
      expect(await trips.get(item.key)).toBeUndefined();
      expect(await subject.originals.head(`${item.key}.json`)).toBeUndefined();
      expect(await trips.usage()).toMatchObject({ items: 3 });
    });

    it("moves no file over the one that was moved before it", async () => {
      const trips = subject.library.collection("again");
      const [from, to] = ["again/new.jpg", "again/old.jpg"];
      const first = accept(await trips.put(await drawUnique(), { key: from })).item;
      accept(await trips.move(from, to));
      expect(accept(await trips.move(from, to)).item.sha256).toBe(first.sha256);
      const second = accept(await trips.put(await drawUnique(), { key: from })).item;
      expect(codeOf(await trips.move(from, to))).toBe("exists");
      expect((await trips.get(from))?.sha256).toBe(second.sha256);
      expect((await trips.get(to))?.sha256).toBe(first.sha256);
    });

    it("deletes what another program has put there, whatever it says of its owner", async () => {
      const { library, originals } = subject;
      const metadata = { owner: "100%" };
      await originals.put("odd/a.jpg", randomBytes(9), { contentType: "image/jpeg", metadata });
      expect((await library.files.get("odd/a.jpg"))?.owner).toBe("100%");
      expect(await library.files.delete("odd/a.jpg")).toMatchObject({ deleted: ["odd/a.jpg"] });
    });

    it("moves the files of an owner within its folder, by whole keys as well", async () => {
      const { library } = subject;
      const owned = library.collection("owned");
      const { item } = accept(await owned.put(await drawUnique(), { owner: "ann" }));
      for (const collection of [owned, library.files]) {
        expect(codeOf(await collection.move(item.key, "owned/bob/a.jpg"))).toBe("invalid_key");
      }
      const moved = accept(await library.files.move(item.key, "owned/ann/b.jpg")).item;
      expect(moved).toMatchObject({ owner: "ann", sha256: item.sha256 });
    });

    it("keeps what is deleted for some days, out of sight, and brings it back", async () => {
      const { library, originals } = subject;
      const bin = library.collection("bin");
      const meta = { text: "x".repeat(3000) };
      const { item } = accept(await bin.put(await drawUnique(), { meta }));
      await bin.delete(item.key, { after: 30 });
      expect(await bin.get(item.key)).toBeUndefined();
      expect(await listKeys(originals, `bin/`)).toEqual([]);
      const thrown = `trash/30/${item.key}`;
      expect(await listKeys(originals, "trash/30/bin/")).toEqual([thrown, `${thrown}.json`]);
      expect((await collect(library.files.list())).filter(({ key }) => /trash/.test(key))).toEqual(
        [],
      );
      const back = accept(await bin.restore(item.key)).item;
      expect(back).toMatchObject({ key: item.key, meta, sha256: item.sha256 });
      expect(await listKeys(originals, "trash/30/bin/")).toEqual([]);
      await bin.delete(item.key, { after: 7 });
      await originals.put(item.key, randomBytes(9), { contentType: "image/jpeg" });
      expect(codeOf(await bin.restore(item.key))).toBe("exists");
      expect(codeOf(await bin.restore("bin/other.jpg"))).toBe("not_found");
    });

    it("empties the trash of what is deleted for good, but not of what is moved away", async () => {
      const { library, originals } = subject;
      const bin = library.collection("emptied", { key: "content" });
      const bytes = await drawUnique();
      const meta = { text: "x".repeat(3000) };
      const throwAway = async () => {
        const { item } = accept(await bin.put(bytes, { owner: "ann", meta }));
        await bin.delete(item.key, { after: 30 });
        return item.key;
      };
      const key = await throwAway();
      accept(await bin.put(bytes, { owner: "ann" }));
      accept(await bin.move(key, "emptied/ann/b.jpg"));
      expect(await listKeys(originals, "trash/30/emptied/")).toHaveLength(2);
      expect(await bin.delete([key, `${key}x`])).toMatchObject({
        deleted: [key],
        missing: [`${key}x`],
      });
      expect(await listKeys(originals, "trash/30/emptied/")).toEqual([]);
      await throwAway();
      const { deleted } = await bin.delete({ prefix: "emptied/ann/" });
      expect(deleted).toEqual(["emptied/ann/b.jpg", key]);
      expect(await listKeys(originals, "trash/30/emptied/")).toEqual([]);
      expect(codeOf(await bin.restore(key))).toBe("not_found");
    });

    it("deletes all that begins with a prefix, and pages through what is left", async () => {
      const many = subject.library.collection("many");
      for (const owner of ["ann", "ann", "ann", "anna"]) {
        accept(await many.put(await drawUnique(8, 8), { owner, meta: { t: "x".repeat(2500) } }));
      }
      const first = await many.page({ limit: 2 });
      expect(first.items).toHaveLength(1); // the other object is KEY.json
      const keys = (await collect(many.list())).map(({ key }) => key);
      expect(keys).toEqual(keys.toSorted());
      expect(keys).toHaveLength(4);
      const deleted = await many.delete({ prefix: "many/ann/" });
      expect(deleted.deleted).toEqual(keys.slice(0, 3));
      expect(await listKeys(subject.originals, "many/")).toEqual([keys[3], `${keys[3]}.json`]);
      await expect(many.delete({ prefix: "" })).rejects.toMatchObject({ code: "invalid_key" });
      await expect(many.delete({ prefix: "man" })).rejects.toMatchObject({ code: "invalid_key" });
    });

    it("keeps to quotas, and counts anew", async () => {
      const quota = { items: 2, per: "owner" } as const;
      const few = subject.library.collection("few", { quota });
      const put = async (owner: string) => few.put(await drawUnique(8, 8), { owner });
      const { item } = accept(await put("ann"));
      expect([codeOf(await put("ann")), codeOf(await put("ann"))]).toEqual(["taken", "quota"]);
      expect(codeOf(await put("bob"))).toBe("taken");
      await few.delete(item.key);
      expect([codeOf(await put("ann")), codeOf(await put("ann"))]).toEqual(["taken", "quota"]);
      const [left] = await collect(few.list({ owner: "ann" }));
      await subject.originals.delete([String(left?.key)]); // by another program
      expect(await few.usage({ owner: "ann" })).toMatchObject({ items: 1 });
      expect(codeOf(await put("ann"))).toBe("taken");
      await expect(few.put(await drawUnique(8, 8))).rejects.toThrow("needs an owner");
    });

    it("shows files of other programs in all files, and in no collection", async () => {
      const { library, originals } = subject;
      const key = `foreign/${randomUUID()}.jpg`;
      await originals.put(key, await drawUnique(), { contentType: "image/jpeg" });
      const { files } = library;
      expect(await files.get(key)).toMatchObject({ key, type: "image/jpeg", meta: {} });
      expect(await library.collection("foreign").get(key)).toBeUndefined();
      expect(accept(await files.move(key, `${key}.moved.jpg`)).item.key).toBe(`${key}.moved.jpg`);
      expect(await collect(files.list({ prefix: "foreign/" }))).toHaveLength(1);
    });
  });
}
