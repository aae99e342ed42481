import { describe, expect, it } from "vitest";
import { toCacheTag } from "../../../src/url/cache-tag.ts";
import { createAppWithVariants, createFilledApp, OPERATOR } from "../../support/service/app.ts";

describe("DELETE /-/variants", () => {
  it("tells what went, by key and by prefix, or what would go", async () => {
    const app = await createAppWithVariants();
    const tag = toCacheTag("photos/cat.jpg");
    const variants = ["variants/1/photos/cat.jpg/w_3.jpg", "variants/1/photos/cat.jpg/w_4.jpg"];
    const one = { key: "photos/cat.jpg", variants, cacheTag: tag };
    const plan = await app.operate("/-/variants?prefix=ph&dry-run", { method: "DELETE" });
    expect(await plan.json()).toEqual({
      prefix: "ph",
      originals: [one],
      left: [],
      isComplete: true,
    });
    const after = "/-/variants?prefix=ph&dry-run&cursor=variants%2F1%2Fphotos%2Fcat.jpg%2Fw_3.jpg";
    const rest = await app.operate(after, { method: "DELETE" });
    expect(await rest.json()).toMatchObject({ originals: [{ variants: variants.slice(1) }] });
    const answer = await app.operate("/-/variants/photos/c%61t.jpg", { method: "DELETE" });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await answer.json()).toEqual({ ...one, left: [], isComplete: true });
    const again = await app.operate("/-/variants/photos/cat.jpg", { method: "DELETE" });
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
      const answer = await app.operate(`/-/variants/${path}`, { method: "DELETE" });
      expect(await answer.json()).toMatchObject({ key });
    }
  });

  it.each([
    "/-/variants",
    "/-/variants/",
    "/-/variants?prefix=",
    "/-/variants?prefix=/a",
    "/-/variants?prefx=a",
    "/-/variants?prefix=a&prefix=b",
    "/-/variants?prefix=ph&prefix=ph",
    "/-/variants/a.jpg?dry-run&dry-run",
    "/-/variants/a.jpg?dryrun",
    "/-/variants/a.jpg?prefix=a",
    "/-/variants/../a.jpg",
    "/-/variants/a.jpg/",
    "/-/variants/variants/1/photos/cat.jpg/w_3.jpg",
    "/-/variants/a%00b",
  ])("answers 400 to %s, and deletes nothing", async (target) => {
    const app = await createAppWithVariants();
    const answer = await app.operate(target, { method: "DELETE" });
    expect(answer.status).toBe(400);
    expect((await app.store.list({ prefix: "" })).keys).toHaveLength(2);
  });

  it("needs the token, and gives no page of another origin a say", async () => {
    const target = "/-/variants/photos/cat.jpg";
    const app = await createAppWithVariants();
    expect((await app.request(target, { method: "DELETE" })).status).toBe(401);
    expect((await app.request(target, { method: "OPTIONS" })).status).toBe(401);
    const asked = await app.operate(target, { method: "OPTIONS" });
    expect([asked.status, asked.headers.get("allow")]).toEqual([204, "DELETE, OPTIONS"]);
    expect(asked.headers.has("access-control-allow-methods")).toBe(false);
    expect((await app.operate(target, { method: "DELETE" })).status).toBe(200);
  });

  it.each([
    ["host", "localhost:3000"],
    ["host", "127.0.0.1"],
    ["host", "evil.example"],
    ["x-forwarded-for", "127.0.0.1"],
    ["x-real-ip", "127.0.0.1"],
    ["via", "1.1 proxy"],
    ["x-origin-secret", OPERATOR.authorization],
  ])("does not let %s: %s decide who is an operator", async (name, value) => {
    const headers = { [name]: value };
    const routes = [
      ["GET", "/-/metrics"],
      ["DELETE", "/-/variants/photos/cat.jpg"],
      ["POST", "/-/warm"],
      ["POST", "/-/events"],
    ] as const;
    const app = await createAppWithVariants();
    const closed = await createAppWithVariants({ adminToken: undefined });
    for (const [method, path] of routes) {
      expect((await app.request(path, { method, headers })).status).toBe(401);
      expect((await closed.operate(path, { method, headers })).status).toBe(404);
    }
    expect((await app.operate("/-/metrics", { headers })).status).toBe(200);
    expect((await app.store.list({ prefix: "" })).keys).toHaveLength(2);
  });

  it.each([
    ["GET", "/-/variants/a.jpg", "DELETE, OPTIONS"],
    ["POST", "/-/variants", "DELETE, OPTIONS"],
    ["GET", "/-/events", "POST, OPTIONS"],
    ["DELETE", "/-/events", "POST, OPTIONS"],
    ["DELETE", "/w_3/photos/cat.jpg", "GET, HEAD, OPTIONS"],
  ])("answers 405 to %s %s", async (method, target, allow) => {
    const answer = await (await createFilledApp()).operate(target, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow]);
  });
});

describe("Cache-Tag", () => {
  it("is on every answer about an original, and is the one of its stored variants", async () => {
    const app = await createAppWithVariants({ publicUrl: "https://cdn.example" });
    const tag = toCacheTag("photos/cat.jpg");
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
      toCacheTag("nope.jpg"),
    ]);
  });
});
