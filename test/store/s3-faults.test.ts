import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { createS3Client } from "../../src/store/s3-client.ts";
import { createS3Store } from "../../src/store/s3.ts";
import type { ObjectStore, PutOptions } from "../../src/store/store.ts";
import type { Answer, ScriptedServer } from "../support/s3-script.ts";
import {
  breakingOff,
  dribbling,
  giveObject,
  giveStatus,
  givingNoLength,
  refuse,
  resetting,
  stalling,
  startScriptedServer,
  stayingSilent,
} from "../support/s3-script.ts";

const ACCESS_KEY_ID = "AKIDTESTTESTTEST";
const SECRET = "do-not-tell-anybody-this-secret";
const OBJECT = giveObject("hello");
const TEXT: PutOptions = { contentType: "text/plain" };
const STORE_FAILED = { name: "MediaError", code: "store_failed", message: "the store failed" };
const TIMED_OUT = { name: "MediaError", code: "timeout" };
const FOUND = { kind: "found", bytes: Buffer.from("hello") };
const MISSING = { kind: "missing", isDefinite: true };
const PRECONDITION_FAILED = { kind: "precondition_failed" };
const SLOW_DOWN = refuse(503, "SlowDown");

const notFoundPage: Answer = (response) => {
  response.writeHead(404, { "content-type": "text/html" });
  response.end("<!doctype html><title>404</title><p>not found<br>");
};

const stops: (() => unknown)[] = [];
// not after each: those that wait do so side by side
afterAll(async () => {
  for (const stop of stops) await stop();
});

interface Scripted {
  readonly store: ObjectStore;
  readonly server: ScriptedServer;
  readonly get: (key?: string) => ReturnType<ObjectStore["get"]>;
  readonly put: (options?: Partial<PutOptions>) => ReturnType<ObjectStore["put"]>;
}

async function script(answers: readonly Answer[], timeoutMs = 1500): Promise<Scripted> {
  const server = await startScriptedServer(answers);
  const store = connect(server.endpoint, timeoutMs);
  stops.push(server.stop);
  return {
    store,
    server,
    get: (key = "key") => store.get(key, { maxBytes: 10_000 }),
    put: (options) => store.put("key", Buffer.from("hello"), { ...TEXT, ...options }),
  };
}

function connect(endpoint: string, timeoutMs = 1500): ObjectStore {
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET };
  const client = createS3Client({
    forcePathStyle: true,
    endpoint,
    region: "us-east-1",
    credentials,
  });
  stops.push(() => client.destroy());
  return createS3Store({ client, bucket: "media", timeoutMs });
}

/** How long a call that must fail takes, and what it fails with. */
async function timeFailure(
  call: Promise<unknown>,
): Promise<{ readonly ms: number; readonly error: unknown }> {
  const start = performance.now();
  const error: unknown = await call.then(
    (value) => expect.unreachable(`it gave ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - start, error };
}

describe.concurrent("a store that is too slow", () => {
  it.each<[what: string, answer: Answer]>([
    ["says nothing", stayingSilent],
    ["stalls in the body", stalling],
    ["dribbles", dribbling],
  ])("ends within its time when it %s", async (_, answer) => {
    const { get } = await script([answer], 1000);
    const { ms, error } = await timeFailure(get());
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1500);
  });

  it.each<[name: string, call: (scripted: Scripted) => Promise<unknown>]>([
    ["head", ({ store }) => store.head("key")],
    ["put", ({ put }) => put()],
    ["conditional put", ({ put }) => put({ condition: { etag: '"e"' } })],
    ["delete", ({ store }) => store.delete(["key"])],
    ["list", ({ store }) => store.list({ prefix: "" })],
    ["probe", ({ store }) => store.probe()],
  ])("ends a %s too", async (_, call) => {
    const { ms, error } = await timeFailure(call(await script([stayingSilent], 300)));
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(800);
  });

  it("gets a second chance from a client that waits long enough", async () => {
    const [silent, stalled] = await Promise.all([
      script([stayingSilent, OBJECT], 4500),
      script([stalling, OBJECT], 4500),
    ]);
    const start = performance.now();
    expect(await Promise.all([silent.get(), stalled.get()])).toMatchObject([FOUND, FOUND]);
    expect(performance.now() - start).toBeLessThan(3500);
    expect([silent.server.requests.length, stalled.server.requests.length]).toEqual([2, 2]);
  });

  it("is a time-out also by the client's own clock", async () => {
    const [silent, stalled] = await Promise.all([
      script([stayingSilent], 20_000),
      script([stalling], 20_000),
    ]);
    const failures = await Promise.all([timeFailure(silent.get()), timeFailure(stalled.get())]);
    for (const { ms, error } of failures) {
      expect(error).toMatchObject(TIMED_OUT);
      expect(ms).toBeLessThan(6500);
    }
  });

  it("counts its retries in the time of the call", async () => {
    const { get } = await script([breakingOff, stayingSilent], 800);
    const { ms, error } = await timeFailure(get());
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(1300);
  });

  it.each<[what: string, answer: Answer]>([
    ["an answer", stayingSilent],
    ["a body", stalling],
  ])("is left at once when the caller, who waits for %s, goes away", async (_, answer) => {
    const { store, server } = await script([answer], 5000);
    const signal = AbortSignal.timeout(200);
    const { ms, error } = await timeFailure(store.get("key", { maxBytes: 100, signal }));
    expect(error).toMatchObject(TIMED_OUT);
    expect(ms).toBeLessThan(700);
    expect(server.requests).toHaveLength(1);
  });

  it("is not asked at all by a caller who has gone", async () => {
    const { store, server } = await script([OBJECT]);
    const signal = AbortSignal.abort();
    await expect(store.get("key", { maxBytes: 100, signal })).rejects.toMatchObject(TIMED_OUT);
    await expect(store.head("key", signal)).rejects.toMatchObject(TIMED_OUT);
    expect(server.requests).toHaveLength(0);
  });
});

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

  it("fails fast where nobody listens", async () => {
    const port = await findClosedPort();
    const store = connect(`http://127.0.0.1:${port}`);
    const calls = [store.get("key", { maxBytes: 1 }), store.head("key"), store.probe()];
    for (const { ms, error } of await Promise.all(calls.map(timeFailure))) {
      expect(error).toMatchObject(STORE_FAILED);
      expect(ms).toBeLessThan(1000);
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

  it("keeps its sockets when 300 bodies are too large", async () => {
    const large = giveObject(Buffer.alloc(500_000));
    const { store, get, server } = await script(
      [...Array<Answer>(300).fill(large), OBJECT],
      15_000,
    );
    const calls = Array.from({ length: 300 }, () => store.get("large", { maxBytes: 1000 }));
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { code: "too_large" } });
    }
    expect(server.requests).toHaveLength(300);
    const { ms, result } = await time(get());
    expect(result).toMatchObject(FOUND);
    expect(ms).toBeLessThan(1000);
  }, 20_000);

  it("keeps its sockets when 300 bodies do not say how long they are", async () => {
    const { get } = await script([...Array<Answer>(300).fill(givingNoLength), OBJECT], 15_000);
    const calls = await Promise.allSettled(Array.from({ length: 300 }, () => get()));
    expect(calls.every(({ status }) => status === "rejected")).toBe(true);
    expect(await get()).toMatchObject(FOUND);
  }, 20_000);

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
      for (const { error } of await Promise.all([get(), put()].map(timeFailure))) {
        expect(error).toBeInstanceOf(Error);
        if (!(error instanceof Error)) return;
        expect(error.message).not.toContain(ACCESS_KEY_ID);
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
      }
    }
  });
});

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
      message: expect.stringContaining("nobody has"),
    });
    expect(await get()).toMatchObject({ kind: "found" });
  });
});

describe("put", () => {
  const STORED = giveStatus(200, { etag: '"new"' });
  const withEtag: Partial<PutOptions> = { condition: { etag: '"e"' } };

  it.each<[what: string, answers: readonly Answer[], requests: number, result: object]>([
    ["200", [STORED], 1, { kind: "stored", etag: '"new"' }],
    ["412", [refuse(412, "PreconditionFailed")], 1, PRECONDITION_FAILED],
    ["409, 200", [refuse(409, "Conflict"), STORED], 2, { kind: "stored", etag: '"new"' }],
    ["409, 412", [refuse(409, "Conflict"), refuse(412, "Failed")], 2, PRECONDITION_FAILED],
    ["409, 409", [refuse(409, "ConditionalRequestConflict")], 2, PRECONDITION_FAILED],
    ["501", [refuse(501, "NotImplemented")], 1, { kind: "condition_unsupported" }],
    ["503, 200", [SLOW_DOWN, STORED], 2, { kind: "stored", etag: '"new"' }],
  ])("reads %s to a creation", async (_, answers, requests, result) => {
    const { put, server } = await script(answers);
    expect(await put({ condition: "absent" })).toEqual(result);
    expect(server.requests.map(({ method }) => method)).toEqual(Array(requests).fill("PUT"));
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({ "if-none-match": "*" });
      expect(headers).not.toHaveProperty("if-match");
    }
  });

  it("fails where a write without a condition is refused", async () => {
    for (const status of [403, 409, 501, 503]) {
      const { put, server } = await script([refuse(status, "No")]);
      await expect(put(), String(status)).rejects.toMatchObject(STORE_FAILED);
      expect(server.requests[0]?.headers).not.toHaveProperty("if-none-match");
      expect(server.requests[0]?.headers).not.toHaveProperty("if-match");
    }
  });

  it("loses to an object that has gone, but not to a bucket that has", async () => {
    const gone = await script([refuse(404, "NoSuchKey"), giveStatus(404)]);
    expect(await gone.put(withEtag)).toEqual(PRECONDITION_FAILED);
    const nowhere = await script([refuse(404, "NoSuchBucket")]);
    await expect(nowhere.put(withEtag)).rejects.toMatchObject(STORE_FAILED);
    await expect(nowhere.put({ condition: "absent" })).rejects.toMatchObject(STORE_FAILED);
  });

  it("tries the bare ETag where the quoted one, still there, was refused", async () => {
    const { put, server } = await script([
      refuse(412, "PreconditionFailed"),
      giveStatus(200, { etag: '"e"', "content-length": "5" }),
      STORED,
    ]);
    expect(await put(withEtag)).toEqual({ kind: "stored", etag: '"new"' });
    expect(server.requests.map(({ method }) => method)).toEqual(["PUT", "HEAD", "PUT"]);
    const conditions = server.requests.map(({ headers }) => headers["if-match"]);
    expect(conditions).toEqual(['"e"', undefined, "e"]);
    expect(server.requests[2]?.body.toString()).toBe("hello");
  });

  it("does not try the bare ETag where another object is there", async () => {
    const { put, server } = await script([
      refuse(412, "PreconditionFailed"),
      giveStatus(200, { etag: '"other"', "content-length": "5" }),
      STORED,
    ]);
    expect(await put(withEtag)).toEqual(PRECONDITION_FAILED);
    expect(server.requests).toHaveLength(2);
  });

  it.each([1, 3 * 1024 * 1024])("sends %i bytes plainly, in one piece", async (size) => {
    const { store, server } = await script([STORED]);
    const bytes = Buffer.alloc(size, "x");
    await store.put("key", bytes, {
      contentType: "image/webp",
      cacheControl: "max-age=1",
      contentDisposition: 'inline; filename="a.webp"',
      metadata: { "cache-tag": "t" },
    });
    const { headers, body } = server.requests[0] ?? { headers: {}, body: Buffer.alloc(0) };
    expect(body.equals(bytes)).toBe(true);
    expect(headers).toMatchObject({
      "content-length": String(size),
      "content-type": "image/webp",
      "cache-control": "max-age=1",
      "content-disposition": 'inline; filename="a.webp"',
      "x-amz-meta-cache-tag": "t",
      "x-amz-content-sha256": expect.stringMatching(/^[\da-f]{64}$/),
    });
    const trailers = Object.keys(headers).filter((name) => /trailer|decoded|checksum/.test(name));
    expect(trailers).toEqual([]);
    for (const name of ["expect", "transfer-encoding", "content-encoding"]) {
      expect(headers).not.toHaveProperty(name);
    }
  });
});

describe("keys on the wire", () => {
  it.each([
    ["a b", "a%20b"],
    ["a+b", "a%2Bb"],
    ["a%41", "a%2541"],
    ["a/b//c", "a/b//c"],
    ["!'()*", "%21%27%28%29%2A"],
    ["w_300,h_2:1=@&;$", "w_300%2Ch_2%3A1%3D%40%26%3B%24"],
    ["~-._", "~-._"],
    ["#?", "%23%3F"],
    ['<">\\^`{|}', "%3C%22%3E%5C%5E%60%7B%7C%7D"],
    ["\u00FC", "%C3%BC"],
    ["u\u0308", "u%CC%88"],
    ["🦊", "%F0%9F%A6%8A"],
  ])("%j is %s", async (key, encoded) => {
    const { store, get, server } = await script([OBJECT]);
    await get(key);
    await store.head(key);
    await store.put(key, Buffer.from("x"), TEXT);
    const paths = server.requests.map(({ url }) => url.split("?")[0]);
    expect(paths).toEqual(Array(3).fill(`/media/${encoded}`));
  });
});

describe("delete", () => {
  const DELETED = giveObject("<DeleteResult></DeleteResult>");

  it("asks for a thousand at a time", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete(Array.from({ length: 2001 }, (_, index) => `k${index}`));
    const batches = server.requests.map(({ body }) => body.toString().split("<Key>").length - 1);
    expect(batches).toEqual([1000, 1000, 1]);
  });

  it("asks for nothing when there is nothing to delete", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete([]);
    expect(server.requests).toEqual([]);
  });

  it("fails when one of the objects could not be deleted", async () => {
    const { store } = await script([
      giveObject(
        "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>",
      ),
    ]);
    await expect(store.delete(["a", "b"])).rejects.toMatchObject({
      code: "store_failed",
      message: "not all objects could be deleted",
    });
  });

  it("names a key with spaces at its ends in the URL, where no store trims it", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete(["a", " b ", "c"]);
    const seen = server.requests.map(({ method, url }) => `${method} ${url.split("?")[0]}`);
    expect(seen.toSorted()).toEqual(["DELETE /media/%20b%20", expect.stringMatching(/^POST /)]);
    const batch = server.requests.find(({ method }) => method === "POST")?.body.toString();
    expect(batch?.match(/<Key>[^<]*/g)).toEqual(["<Key>a", "<Key>c"]);
  });
});

describe("list", () => {
  it.each<[what: string, answer: Answer]>([
    ["a missing bucket", refuse(404, "NoSuchBucket")],
    ["a forbidden one", refuse(403, "AccessDenied")],
    ["something that is not XML", giveObject("{}")],
  ])("fails on %s", async (_, answer) => {
    const { store } = await script([answer]);
    await expect(store.list({ prefix: "" })).rejects.toMatchObject({ code: "store_failed" });
  });

  it("gives keys in entities as they are", async () => {
    const keys = ["a&amp;amp;b", "&lt;c&gt;", "it&#39;s &quot;d&quot;"];
    const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
    const { store } = await script([
      giveObject(`<ListBucketResult>${contents}</ListBucketResult>`),
    ]);
    const page = await store.list({ prefix: "" });
    expect(page).toEqual({ keys: ["a&amp;b", "<c>", 'it\'s "d"'] });
  });
});

async function time<T>(call: Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const start = performance.now();
  const result = await call;
  return { ms: performance.now() - start, result };
}

async function findClosedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}
