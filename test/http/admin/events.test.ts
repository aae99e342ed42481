import { describe, expect, it } from "vitest";
import { createReceiver } from "../../../src/events/receive.ts";
import { createSnsReader } from "../../../src/events/sns.ts";
import { toCacheTag } from "../../../src/url/cache-tag.ts";
import { createAppWithVariants, createFilledApp, OPERATOR } from "../../support/service/app.ts";
import type { TestApp } from "../../support/service/app.ts";
import { createTopic, TOPIC } from "../../support/programs/sns.ts";

function post(
  app: TestApp,
  body: string,
  headers: Record<string, string> = OPERATOR,
): Promise<Response> {
  return app.request("/-/events", { method: "POST", body, headers });
}

describe("POST /-/events", () => {
  const event = JSON.stringify({
    action: "PutObject",
    bucket: "any",
    object: { key: "photos/cat.jpg" },
  });

  it("purges, and counts what came", async () => {
    const app = await createAppWithVariants();
    const answer = await post(app, event);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        purged: [{ key: "photos/cat.jpg", variants: 2, cacheTag: toCacheTag("photos/cat.jpg") }],
        ignored: [],
      },
    ]);
    expect((await post(app, '{"action":"Other"}')).status).toBe(200);
    expect((await post(app, "{}")).status).toBe(400);
    const text = await (await app.operate("/-/metrics")).text();
    for (const outcome of ["purged", "ignored", "refused"]) {
      expect(text).toContain(`shift_media_bucket_events_total{outcome="${outcome}"} 1`);
    }
    expect(text).toContain("shift_media_purges_total 1");
    expect(text).toContain("shift_media_purged_variants_total 2");
  });

  it("carries out what is right beside what is wrong, and tells of both", async () => {
    const app = await createAppWithVariants();
    const records = ["%zz.jpg", "photos/cat.jpg", "%ff"].map((key) => ({
      eventName: "ObjectCreated:Put",
      s3: { bucket: { name: "media" }, object: { key } },
    }));
    const answer = await post(app, JSON.stringify({ Records: records }));
    expect(answer.status).toBe(200);
    const tag = toCacheTag("photos/cat.jpg");
    expect(await answer.json()).toEqual({
      purged: [{ key: "photos/cat.jpg", variants: 2, cacheTag: tag }],
      ignored: [],
      refused: [
        { reason: 'record 1: a key must be URL-encoded UTF-8, got "%zz.jpg"' },
        { reason: 'record 3: a key must be URL-encoded UTF-8, got "%ff"' },
      ],
    });
    const text = await (await app.operate("/-/metrics")).text();
    expect(text).toContain('shift_media_bucket_events_total{outcome="refused"} 2');
  });

  it("wants the token, but for SNS, and SNS only where it is listened to", async () => {
    const app = await createAppWithVariants();
    const sns = { "x-amz-sns-message-type": "Notification" };
    expect((await post(app, event, {})).status).toBe(401);
    expect((await post(app, event)).status).toBe(200);
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
        for (const one of list) if ("key" in one) forgotten.push(one.key);
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
    const app = await createFilledApp({ events });
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
    expect((await post(app, JSON.stringify(message), {})).status).toBe(401);
    expect(forgotten).toHaveLength(1);
  });

  it("takes no raw delivery for signed", async () => {
    const received: string[] = [];
    const receive = async (body: string) => {
      received.push(body);
      return { purged: [], ignored: [] };
    };
    const app = await createFilledApp({
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
    expect((await app.operate("/-/events", { method: "POST", body })).status).toBe(400);
    expect((await app.operate("/-/events", { method: "POST" })).status).toBe(400);
  });

  it("answers 502 when the store fails, so that it is sent again", async () => {
    const { MediaError } = await import("../../../src/errors.ts");
    const app = await createFilledApp({
      events: { receive: () => Promise.reject(new MediaError("store_failed", "down")) },
    });
    expect((await post(app, event)).status).toBe(502);
  });
});
