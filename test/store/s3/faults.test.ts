import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { findPort } from "../../support/service/ports.ts";
import type { Answer } from "../../support/s3/script.ts";
import {
  breakingOff,
  giveObject,
  giveStatus,
  givingNoLength,
  refuse,
  resetting,
  stayingSilent,
} from "../../support/s3/script.ts";
import {
  ACCESS_KEY_ID,
  catchFailure,
  connect,
  FOUND,
  OBJECT,
  script,
  SECRET,
  SLOW_DOWN,
  STORE_FAILED,
} from "../../support/s3/scripted-store.ts";

/** Longer than a test may take. */
const NEVER_MS = 120_000;
/** A client has 200 of them. */
const MORE_THAN_SOCKETS = 220;

const notFoundPage: Answer = (response) => {
  response.writeHead(404, { "content-type": "text/html" });
  response.end("<!doctype html><title>404</title><p>not found<br>");
};

describe("a store that fails", () => {
  it.each<[what: string, answers: readonly Answer[]]>([
    ["resets one connection", [resetting, OBJECT]],
    ["breaks one body off", [breakingOff, OBJECT]],
    ["is overloaded once", [SLOW_DOWN, OBJECT]],
    ["has one internal error", [refuse(500, "InternalError"), OBJECT]],
  ])("is asked again when it %s", async (_, answers) => {
    const { get, server } = await script(answers);
    expect(await get()).toMatchObject(FOUND);
    expect(server.requests).toHaveLength(2);
  });

  it.each<[what: string, answers: readonly Answer[]]>([
    ["resets every connection", [resetting]],
    ["breaks every body off", [breakingOff]],
    ["is overloaded", [SLOW_DOWN]],
    ["has internal errors", [refuse(500, "InternalError")]],
  ])("is asked twice and no more when it %s", async (_, answers) => {
    const { get, server } = await script([...answers, ...answers, OBJECT]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    expect(server.requests).toHaveLength(2);
    expect(await get()).toMatchObject(FOUND);
  });

  it.each<[what: string, answer: Answer]>([
    ["another region", refuse(301, "PermanentRedirect")],
    ["a bad request", refuse(400, "InvalidArgument")],
    ["a stale token", refuse(400, "ExpiredToken")],
    ["a forbidden object", refuse(403, "AccessDenied")],
    ["an archived object", refuse(403, "InvalidObjectState")],
    ["a missing bucket", refuse(404, "NoSuchBucket")],
    ["an unknown method", refuse(501, "NotImplemented")],
  ])("is asked once when the answer is %s", async (_, answer) => {
    const { get, server } = await script([answer]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    expect(server.requests).toHaveLength(1);
  });

  it.each([301, 400, 403, 500, 503])("fails a head, which has no body, with %i", async (status) => {
    const { store } = await script([giveStatus(status)]);
    await expect(store.head("key")).rejects.toMatchObject(STORE_FAILED);
  });

  it("must say how long an object is", async () => {
    const { get, server } = await script([givingNoLength]);
    await expect(get()).rejects.toMatchObject({
      code: "store_failed",
      message: "the store did not say how long the object is",
    });
    expect(server.requests).toHaveLength(1);
  });

  it("fails where nobody listens, long before its time is up", async () => {
    const port = await findPort();
    const store = connect(`http://127.0.0.1:${port}`, NEVER_MS, NEVER_MS);
    const calls = [store.get("key", { maxBytes: 1 }), store.head("key"), store.probe()];
    for (const error of await Promise.all(calls.map(catchFailure))) {
      expect(error).toMatchObject(STORE_FAILED);
    }
  });

  it.each<[what: string, answer: Answer, isDefinite: boolean]>([
    ["a missing key", refuse(404, "NoSuchKey"), true],
    ["a 404 of something before the store", giveStatus(404), false],
    ["a page that is not found", notFoundPage, false],
  ])("is believed about %s as far as it says so", async (_, answer, isDefinite) => {
    const { get, store } = await script([answer]);
    expect(await get()).toEqual({ kind: "missing", isDefinite });
    expect(await store.head("key")).toBeUndefined();
  });

  it("answers 304 for bytes that the caller has", async () => {
    const { store, server } = await script([giveStatus(304, { etag: '"e"' })]);
    const result = await store.get("key", { maxBytes: 1, ifNoneMatch: '"e"' });
    expect(result).toEqual({ kind: "not_modified" });
    expect(server.requests[0]?.headers["if-none-match"]).toBe('"e"');
  });

  it("keeps its sockets when 220 bodies are too large", async () => {
    const large = giveObject(Buffer.alloc(500_000));
    const answers = [...Array<Answer>(MORE_THAN_SOCKETS).fill(large), OBJECT];
    const { store, get, server } = await script(answers, NEVER_MS, NEVER_MS);
    const calls = Array.from({ length: MORE_THAN_SOCKETS }, () =>
      store.get("large", { maxBytes: 1000 }),
    );
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { code: "too_large" } });
    }
    expect(server.requests).toHaveLength(MORE_THAN_SOCKETS);
    // without a free socket it would wait for one
    expect(await get()).toMatchObject(FOUND);
  });

  it("keeps its sockets when 220 bodies do not say how long they are", async () => {
    const answers = [...Array<Answer>(MORE_THAN_SOCKETS).fill(givingNoLength), OBJECT];
    const { get } = await script(answers, NEVER_MS, NEVER_MS);
    const calls = await Promise.allSettled(Array.from({ length: MORE_THAN_SOCKETS }, () => get()));
    expect(calls.every(({ status }) => status === "rejected")).toBe(true);
    expect(await get()).toMatchObject(FOUND);
  });

  it("tells nobody the credentials", async () => {
    const answers = [
      refuse(403, "SignatureDoesNotMatch"),
      refuse(403, "InvalidAccessKeyId"),
      giveStatus(500),
      resetting,
      stayingSilent,
    ];
    for (const answer of answers) {
      const { get, put } = await script([answer], 300);
      for (const error of await Promise.all([get(), put()].map(catchFailure))) {
        expect(error).toBeInstanceOf(Error);
        if (!(error instanceof Error)) return;
        expect(error.message).not.toContain(ACCESS_KEY_ID);
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
      }
    }
  });
});
