import { describe, expect, it } from "vitest";
import type { PutOptions } from "../../../src/store/store.ts";
import type { Answer } from "../../support/s3/script.ts";
import { giveStatus, refuse } from "../../support/s3/script.ts";
import { script, SLOW_DOWN, STORE_FAILED } from "../../support/s3/scripted-store.ts";

const PRECONDITION_FAILED = { kind: "precondition_failed" };

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
    ["400", [refuse(400, "InvalidArgument")], 1, { kind: "condition_unsupported" }],
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

  it.each(["RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"])(
    "does not take the condition for what is wrong when bytes are lost on the way (%s)",
    async (code) => {
      const { put } = await script([refuse(400, code)]);
      await expect(put({ condition: "absent" })).rejects.toMatchObject(STORE_FAILED);
    },
  );

  it("fails where a write without a condition is refused", async () => {
    for (const status of [400, 403, 409, 501, 503]) {
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
