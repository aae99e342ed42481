import { describe, expect, it } from "vitest";
import { createReceiver } from "../../src/events/receive.ts";
import { createSnsReader } from "../../src/events/sns.ts";
import { cacheTag } from "../../src/media/cache-tag.ts";
import { createFilledApp } from "../support/app.ts";
import type { TestApp } from "../support/app.ts";
import { createTopic, TOPIC } from "../support/sns.ts";

const TOKEN = "0123456789abcdef";

async function made(...options: Parameters<typeof createFilledApp>): Promise<TestApp> {
  const app = await createFilledApp(...options);
  await app.request("/w_3/photos/cat.jpg");
  await app.request("/w_4/photos/cat.jpg");
  await app.drain();
  return app;
}

function post(app: TestApp, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return app.request("/-/events", { method: "POST", body, headers });
}

describe("DELETE /-/variants", () => {
  it("tells what went, by key and by prefix, or what would go", async () => {
    const app = await made();
    const tag = await cacheTag("photos/cat.jpg");
    const variants = ["variants/1/photos/cat.jpg/w_3.jpg", "variants/1/photos/cat.jpg/w_4.jpg"];
    const one = { key: "photos/cat.jpg", variants, cacheTag: tag };
    const plan = await app.request("/-/variants?prefix=ph&dry-run", { method: "DELETE" });
    expect(await plan.json()).toEqual({
      prefix: "ph",
      originals: [one],
      left: [],
      isComplete: true,
    });
    const answer = await app.request("/-/variants/photos/c%61t.jpg", { method: "DELETE" });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await answer.json()).toEqual({ ...one, left: [], isComplete: true });
    const again = await app.request("/-/variants/photos/cat.jpg", { method: "DELETE" });
    expect(await again.json()).toMatchObject({ key: "photos/cat.jpg", variants: [] });
  });

  it("reads a key as every other path is read", async () => {
    const app = await createFilledApp();
    for (const [path, key] of [
      ["a%20b+c.jpg", "a b+c.jpg"],
      ["a%2Bb%252F.jpg", "a+b%2F.jpg"],
      ["a//b.jpg", "a//b.jpg"],
      ["%zz.jpg", "%zz.jpg"],
      ["gr%C3%B6%C3%9Fe.jpg%20", "größe.jpg "],
      ["w_300/cat.jpg", "w_300/cat.jpg"],
    ]) {
      const answer = await app.request(`/-/variants/${path}`, { method: "DELETE" });
      expect(await answer.json()).toMatchObject({ key });
    }
  });

  it.each([
    "/-/variants",
    "/-/variants/",
    "/-/variants?prefix=",
    "/-/variants?prefix=/a",
    "/-/variants?prefx=a",
    "/-/variants/a.jpg?dryrun",
    "/-/variants/a.jpg?prefix=a",
    "/-/variants/../a.jpg",
    "/-/variants/a.jpg/",
    "/-/variants/variants/1/photos/cat.jpg/w_3.jpg",
    "/-/variants/a%00b",
  ])("answers 400 to %s, and deletes nothing", async (target) => {
    const app = await made();
    const answer = await app.request(target, { method: "DELETE" });
    expect(answer.status).toBe(400);
    expect((await app.store.list({ prefix: "" })).keys).toHaveLength(2);
  });

  it("is for whoever has the token, or for this machine, but for no page in its browser", async () => {
    const target = "/-/variants/photos/cat.jpg";
    const closed = await made({ admin: { token: TOKEN, isLocal: true } });
    expect((await closed.request(target, { method: "DELETE" })).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await closed.request(target, { method: "DELETE", headers })).status).toBe(200);
    const open = await made({ admin: { token: undefined, isLocal: false } });
    expect((await open.request(target, { method: "DELETE" })).status).toBe(404);
    const local = await made();
    const page = { origin: "https://evil.example" };
    expect((await local.request(target, { method: "DELETE", headers: page })).status).toBe(403);
    expect((await post(local, "{}", page)).status).toBe(403);
    const preflight = await local.request(target, { method: "OPTIONS", headers: page });
    expect(preflight.ok).toBe(false);
    const asked = await local.request(target, { method: "OPTIONS" });
    expect([asked.status, asked.headers.get("allow")]).toEqual([204, "DELETE, OPTIONS"]);
    expect(asked.headers.has("access-control-allow-methods")).toBe(false);
  });

  it.each([
    ["GET", "/-/variants/a.jpg", "DELETE, OPTIONS"],
    ["POST", "/-/variants", "DELETE, OPTIONS"],
    ["GET", "/-/events", "POST, OPTIONS"],
    ["DELETE", "/-/events", "POST, OPTIONS"],
    ["DELETE", "/w_3/photos/cat.jpg", "GET, HEAD, OPTIONS"],
  ])("answers 405 to %s %s", async (method, target, allow) => {
    const answer = await (await createFilledApp()).request(target, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
  });
});

describe("POST /-/events", () => {
  const event = JSON.stringify({
    action: "PutObject",
    bucket: "any",
    object: { key: "photos/cat.jpg" },
  });

  it("purges, and counts what came", async () => {
    const app = await made();
    const answer = await post(app, event);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        purged: [
          { key: "photos/cat.jpg", variants: 2, cacheTag: await cacheTag("photos/cat.jpg") },
        ],
        ignored: [],
      },
    ]);
    expect((await post(app, '{"action":"Other"}')).status).toBe(200);
    expect((await post(app, "{}")).status).toBe(400);
    const text = await (await app.request("/-/metrics")).text();
    for (const outcome of ["purged", "ignored", "refused"]) {
      expect(text).toContain(`shift_media_bucket_events_total{outcome="${outcome}"} 1`);
    }
    expect(text).toContain("shift_media_purges_total 1");
    expect(text).toContain("shift_media_purged_variants_total 2");
  });

  it("wants the token, but for SNS, and SNS only where it is listened to", async () => {
    const app = await made({ admin: { token: TOKEN, isLocal: true } });
    const sns = { "x-amz-sns-message-type": "Notification" };
    expect((await post(app, event)).status).toBe(401);
    expect((await post(app, event, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await post(app, event, sns)).status).toBe(404);
    const variant = "/-/variants/photos/cat.jpg";
    expect((await app.request(variant, { method: "DELETE", headers: sns })).status).toBe(401);
    expect((await app.request("/-/metrics", { headers: sns })).status).toBe(401);
    expect((await app.request("/-//events", { method: "POST", headers: sns })).status).toBe(401);
  });

  it("believes SNS by its signature alone", async () => {
    const topic = createTopic();
    const forgotten: string[] = [];
    const events = createReceiver({
      handle: async (list) => {
        for (const one of list) if (one.kind !== "other") forgotten.push(one.key);
        return { purged: [], ignored: [] };
      },
      observe: () => undefined,
      readSns: createSnsReader({
        topics: new Set([TOPIC]),
        fetchCertificate: async () => topic.certificate,
        now: () => Date.now(),
      }),
      visit: async () => undefined,
    });
    const app = await createFilledApp({ admin: { token: TOKEN, isLocal: false }, events });
    const record = {
      eventName: "ObjectCreated:Put",
      s3: { bucket: { name: "media" }, object: { key: "photos/a+b%2Bc.jpg" } },
    };
    const message = topic.notification(JSON.stringify({ Records: [record] }));
    const headers = { "x-amz-sns-message-type": "Notification", "content-type": "text/plain" };
    expect((await post(app, JSON.stringify(message), headers)).status).toBe(200);
    expect(forgotten).toEqual(["photos/a b+c.jpg"]);
    const forged = { ...message, Message: message["Message"]?.replace("photos", "others") };
    const refused = await post(app, JSON.stringify(forged), headers);
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { code: "invalid_signature", message: "the signature of the message is invalid" },
    ]);
    expect((await post(app, JSON.stringify(message))).status).toBe(401);
    expect(forgotten).toHaveLength(1);
  });

  it("takes no raw delivery for signed", async () => {
    const received: string[] = [];
    const receive = async (body: string) => {
      received.push(body);
      return { purged: [], ignored: [] };
    };
    const app = await createFilledApp({
      admin: { token: TOKEN, isLocal: false },
      events: { receive, receiveSns: receive },
    });
    const sns = { "x-amz-sns-message-type": "Notification" };
    expect((await post(app, event, { ...sns, "x-amz-sns-rawdelivery": "true" })).status).toBe(400);
    expect((await post(app, event, sns)).status).toBe(200);
    expect(received).toEqual([event]);
  });

  it("reads so much and no more, and only text", async () => {
    const app = await createFilledApp();
    expect((await post(app, "x".repeat(256 * 1024 + 1))).status).toBe(413);
    const body = new Uint8Array([0x22, 0xff, 0x22]);
    expect((await app.request("/-/events", { method: "POST", body })).status).toBe(400);
    expect((await app.request("/-/events", { method: "POST" })).status).toBe(400);
  });

  it("answers 502 when the store fails, so that it is sent again", async () => {
    const { MediaError } = await import("../../src/errors.ts");
    const app = await createFilledApp({
      events: { receive: () => Promise.reject(new MediaError("store_failed", "down")) },
    });
    expect((await post(app, event)).status).toBe(502);
  });
});

describe("Cache-Tag", () => {
  it("is on every answer about an original, and is the one of its stored variants", async () => {
    const app = await made({ publicUrl: "https://cdn.example" });
    const tag = await cacheTag("photos/cat.jpg");
    const stored = await app.store.head("variants/1/photos/cat.jpg/w_3.jpg");
    expect(stored?.metadata["cache-tag"]).toBe(tag);
    const etag = `"${stored?.metadata["sha256"]}"`;
    for (const [target, status, init] of [
      ["/w_5/photos/cat.jpg", 200, {}],
      ["/w_3/photos/cat.jpg", 302, {}],
      ["/w_3/photos/cat.jpg", 304, { headers: { "if-none-match": etag } }],
      ["/variants/1/photos/cat.jpg/w_3.jpg", 200, { method: "HEAD" }],
    ] as const) {
      const answer = await app.request(target, init);
      expect([answer.status, answer.headers.get("cache-tag")]).toEqual([status, tag]);
    }
    const missing = await app.request("/w_3/nope.jpg");
    expect([missing.status, missing.headers.get("cache-tag")]).toEqual([
      404,
      await cacheTag("nope.jpg"),
    ]);
  });
});
