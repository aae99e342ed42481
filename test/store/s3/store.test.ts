import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { describeStore } from "../../support/store/contract.ts";

const EVERYTHING = { emptySegments: true, longSegments: true, nestedKeys: true };
const text = { contentType: "text/plain" };

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.stop());

function openBucket(name: string): ObjectStore {
  const { credentials, region } = server;
  const client = createS3Client({
    forcePathStyle: true,
    endpoint: server.endpoint,
    region,
    credentials,
  });
  return createS3Store({ client, bucket: name, timeoutMs: 5000 });
}

describeStore("createS3Store", async () => openBucket(server.variantsBucket), EVERYTHING);

describe("createS3Store", () => {
  it("finds an honest bucket nothing to remark on", async () => {
    expect(await openBucket(server.originalsBucket).probe()).toBeUndefined();
  });

  it("refuses a bucket that does not exist", async () => {
    await expect(openBucket("nowhere").probe()).rejects.toMatchObject({ code: "store_failed" });
  });

  it("keeps buckets apart", async () => {
    await openBucket(server.originalsBucket).put("cat.jpg", Buffer.from("cat"), text);
    expect(await openBucket(server.originalsBucket).head("cat.jpg")).toMatchObject({ size: 3 });
    expect(await openBucket(server.variantsBucket).head("cat.jpg")).toBeUndefined();
  });

  it("writes what the public URL gives, under the key as it is", async () => {
    const key = "a b/ü+%41#?.txt";
    const store = openBucket(server.variantsBucket);
    await store.put(key, Buffer.from("hello"), { ...text, cacheControl: "max-age=60" });
    const path = key.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(`${server.publicUrl}/${server.variantsBucket}/${path}`);
    expect(await response.text()).toBe("hello");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.headers.get("cache-control")).toBe("max-age=60");
    await store.delete([key]);
  });

  it.each([
    ["empty", ""],
    ["over 1024 bytes", "a".repeat(1025)],
    ["over 1024 bytes, not characters", "ü".repeat(513)],
  ])("refuses a key that is %s", async (_, key) => {
    const store = openBucket(server.variantsBucket);
    const calls = [
      store.put(key, Buffer.from("x"), text),
      store.head(key),
      store.get(key, { maxBytes: 1 }),
      store.delete([key]),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { code: "invalid_key" } });
    }
  });

  it("holds a key of 1024 bytes", async () => {
    const store = openBucket(server.variantsBucket);
    const key = "a".repeat(1024);
    await store.put(key, Buffer.from("x"), text);
    expect(await store.head(key)).toMatchObject({ size: 1 });
    await store.delete([key]);
    expect(await store.head(key)).toBeUndefined();
  });
});

describe("startS3Server", () => {
  it("starts empty each time", async () => {
    const other = await startS3Server();
    try {
      expect(other.endpoint).not.toBe(server.endpoint);
      await openBucket(server.variantsBucket).put("mine", Buffer.from("x"), text);
      const response = await fetch(`${other.publicUrl}/${other.variantsBucket}/mine`);
      expect(response.ok).toBe(false);
    } finally {
      await other.stop();
    }
    await expect(fetch(other.endpoint)).rejects.toThrow();
  });
});
