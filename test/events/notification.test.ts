import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNotification } from "../../src/events/notification.ts";

function s3(eventName: string, key: string): object {
  return { eventName, s3: { bucket: { name: "media" }, object: { key } } };
}

function read(body: unknown): ReturnType<typeof readNotification> {
  return readNotification(JSON.stringify(body));
}

/** As S3 encodes the keys of its notifications. */
function encodeAsForm(key: string): string {
  return new URLSearchParams({ key }).toString().slice("key=".length);
}

const KEY = fc.string({ unit: "grapheme", minLength: 1 });

describe("readNotification", () => {
  it.each([
    ["ObjectCreated:Put", "created"],
    ["ObjectCreated:CompleteMultipartUpload", "created"],
    ["s3:ObjectCreated:Copy", "created"],
    ["ObjectRemoved:DeleteMarkerCreated", "deleted"],
    ["s3:ObjectRemoved:Delete", "deleted"],
    ["LifecycleExpiration:Delete", "deleted"],
    ["ObjectTagging:Put", "other"],
    ["s3:ObjectCreated:PutTagging", "other"],
    ["s3:ObjectAccessed:Get", "other"],
    ["ObjectRestore:Completed", "other"],
  ])("takes %s of S3 for %s", (name, kind) => {
    expect(read({ Records: [s3(name, "a+b%2Bc%20d.jpg")] })[0]).toMatchObject(
      kind === "other" ? { kind } : { kind, bucket: "media", key: "a b+c d.jpg" },
    );
  });

  it.each([
    ["Object Created", "created"],
    ["Object Deleted", "deleted"],
    ["Object Tags Added", "other"],
  ])("takes %s of EventBridge for %s, its key as it is", (type, kind) => {
    const detail = { bucket: { name: "media" }, object: { key: "a+b%20c.jpg" } };
    const [event] = read({ source: "aws.s3", "detail-type": type, detail });
    expect(event).toMatchObject(kind === "other" ? { kind } : { kind, key: "a+b%20c.jpg" });
  });

  it.each([
    ["PutObject", "created"],
    ["CopyObject", "created"],
    ["CompleteMultipartUpload", "created"],
    ["DeleteObject", "deleted"],
    ["LifecycleDeletion", "deleted"],
    ["AbortMultipartUpload", "other"],
  ])("takes %s of R2 for %s, alone and in a list", (action, kind) => {
    const event = { account: "a", action, bucket: "media", object: { key: "a+b%20c.jpg" } };
    const expected = kind === "other" ? { kind } : { kind, bucket: "media", key: "a+b%20c.jpg" };
    expect(read(event)).toEqual([expect.objectContaining(expected)]);
    expect(read([event, event])).toHaveLength(2);
  });

  it("reads any key back, by whatever way it came", () => {
    fc.assert(
      fc.property(KEY, (key) => {
        const detail = { bucket: { name: "media" }, object: { key } };
        const bodies = [
          { Records: [s3("ObjectCreated:Put", encodeAsForm(key))] },
          {
            EventName: "s3:ObjectCreated:Put",
            Key: `media/${key}`,
            Records: [s3("s3:ObjectCreated:Put", encodeAsForm(key))],
          },
          { source: "aws.s3", "detail-type": "Object Created", detail },
          { action: "PutObject", bucket: "media", object: { key } },
        ];
        for (const body of bodies) {
          const Message = JSON.stringify(body);
          const expected = [{ kind: "created", bucket: "media", key }];
          expect(readNotification(Message)).toEqual(expected);
          expect(read({ Type: "Notification", Message })).toEqual(expected);
        }
      }),
    );
  });

  it("knows the test of S3, and events of others", () => {
    expect(read({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "media" })).toEqual([
      { kind: "other", reason: "it is a test" },
    ]);
    expect(read({ source: "aws.ec2", "detail-type": "Object Created", detail: {} })[0]?.kind).toBe(
      "other",
    );
    expect(read({ Records: [] })).toEqual([]);
  });

  it.each([
    ["", "must be JSON"],
    ["null", "the body must be a notification"],
    ["7", "the body must be a notification"],
    ["{}", "the body must be a notification"],
    ['{"Records":{}}', "the body must be a notification"],
    ['{"Records":[{}]}', 'must have a "eventName"'],
    ['{"Records":[null]}', 'must have a "eventName"'],
    [JSON.stringify({ Records: [{ eventName: "ObjectCreated:Put" }] }), 'wrong at "s3"'],
    [JSON.stringify({ Records: [s3("ObjectCreated:Put", "")] }), 'wrong at "s3.object.key"'],
    [JSON.stringify({ Records: [s3("ObjectCreated:Put", "%zz")] }), 'URL-encoded UTF-8, got "%zz"'],
    [JSON.stringify({ Records: [s3("ObjectCreated:Put", "%ff")] }), "URL-encoded UTF-8"],
    [JSON.stringify({ action: "PutObject", bucket: "media", object: { key: "" } }), "object.key"],
    [JSON.stringify({ action: "PutObject", object: { key: "a" } }), "bucket"],
    [
      JSON.stringify({ Type: "Notification", Message: '{"Type":"Notification"}' }),
      "the body must be",
    ],
    [JSON.stringify({ Records: Array.from({ length: 1001 }, () => 0) }), "at most 1000 records"],
    ['{"source":"aws.s3","detail-type":"Object Created","detail":{}}', "detail.bucket"],
    ["[7]", 'must have a "action"'],
    ['{"action":7}', 'must have a "action"'],
  ])("refuses %s", (text, problem) => {
    expect(() => readNotification(text)).toThrow(
      expect.objectContaining({ code: "invalid_body", message: expect.stringContaining(problem) }),
    );
  });

  it("reads the rest of a list in which one is wrong", () => {
    const good = { action: "DeleteObject", bucket: "media", object: { key: "a" } };
    expect(read([7, good, { action: "PutObject" }]).map(({ kind }) => kind)).toEqual([
      "refused",
      "deleted",
      "refused",
    ]);
    const records = [s3("ObjectCreated:Put", "a.jpg"), s3("ObjectCreated:Put", "%zz")];
    const [, refused] = read({ Records: records });
    expect(refused).toMatchObject({ reason: expect.stringMatching(/^record 2: .*"%zz"$/) });
  });

  it("throws nothing but what can be told", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          readNotification(text);
        } catch (error) {
          expect(error).toMatchObject({ name: "MediaError", code: "invalid_body" });
        }
      }),
    );
  });
});
