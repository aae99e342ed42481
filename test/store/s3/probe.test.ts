import { describe, expect, it } from "vitest";
import type { Answer } from "../../support/s3/script.ts";
import { giveObject, giveStatus, refuse, resetting } from "../../support/s3/script.ts";
import { script, SLOW_DOWN, STORE_FAILED } from "../../support/s3/scripted-store.ts";

const MISSING = { kind: "missing", isDefinite: true };

describe("probe", () => {
  it("is content with a bucket that says that a key is missing", async () => {
    const { store, get, server } = await script([refuse(404, "NoSuchKey")]);
    expect(await store.probe()).toBeUndefined();
    expect(server.requests[0]).toMatchObject({ method: "GET" });
    expect(await get()).toEqual(MISSING);
  });

  it("asks for another key each time", async () => {
    const { store, server } = await script([refuse(404, "NoSuchKey")]);
    await store.probe();
    await store.probe();
    expect(server.requests[0]?.url).not.toBe(server.requests[1]?.url);
  });

  it("learns that the bucket hides what is missing", async () => {
    const { store, get } = await script([refuse(403, "AccessDenied")]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    await expect(store.head("key")).rejects.toMatchObject(STORE_FAILED);
    expect(await store.probe()).toBe(
      'bucket "media" answers 403 for missing keys: grant s3:ListBucket to make it 404',
    );
    expect(await get()).toEqual({ kind: "missing", isDefinite: false });
    expect(await store.head("key")).toBeUndefined();
  });

  it("does not make every later 403 a missing key", async () => {
    const denied = refuse(403, "AccessDenied");
    const { store, get } = await script([denied, refuse(403, "InvalidAccessKeyId")]);
    await store.probe();
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
  });

  it("does not excuse a forbidden write or list", async () => {
    const { store, put } = await script([refuse(403, "AccessDenied")]);
    await store.probe();
    await expect(put()).rejects.toMatchObject(STORE_FAILED);
    await expect(store.list({ prefix: "" })).rejects.toMatchObject(STORE_FAILED);
    await expect(store.delete(["key"])).rejects.toMatchObject(STORE_FAILED);
  });

  it.each<[what: string, answer: Answer]>([
    ["a wrong secret", refuse(403, "SignatureDoesNotMatch")],
    ["an unknown key id", refuse(403, "InvalidAccessKeyId")],
    ["a 403 that is none of S3's", giveStatus(403)],
    ["a missing bucket", refuse(404, "NoSuchBucket")],
    ["another region", refuse(301, "PermanentRedirect")],
    ["an overloaded store", SLOW_DOWN],
    ["resets", resetting],
  ])("throws at %s", async (_, answer) => {
    const { store } = await script([answer]);
    await expect(store.probe()).rejects.toMatchObject(STORE_FAILED);
  });

  it("throws at a server that has everything, which is none of S3's", async () => {
    const { store, get } = await script([giveObject("<h1>Welcome</h1>")]);
    await expect(store.probe()).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining("cannot exist"),
    });
    expect(await get()).toMatchObject({ kind: "found" });
  });
});
