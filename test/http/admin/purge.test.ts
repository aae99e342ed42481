import { describe, expect, it } from "vitest";
import { toCacheTag } from "../../../src/url/cache-tag.ts";
import { createAppWithVariants, createFilledApp } from "../../support/service/app.ts";
import type { TestApp } from "../../support/service/app.ts";

const TOKEN = "0123456789abcdef";

function post(app: TestApp, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return app.request("/-/events", { method: "POST", body, headers });
}

describe("DELETE /-/variants", () => {
  it("tells what went, by key and by prefix, or what would go", async () => {
    const app = await createAppWithVariants();
    const tag = toCacheTag("photos/cat.jpg");
    const variants = ["variants/1/photos/cat.jpg/w_3.jpg", "variants/1/photos/cat.jpg/w_4.jpg"];
    const one = { key: "photos/cat.jpg", variants, cacheTag: tag };
    const plan = await app.request("/-/variants?prefix=ph&dry-run", { method: "DELETE" });
    expect(await plan.json()).toEqual({
      prefix: "ph",
      originals: [one],
      left: [],
      isComplete: true,
    });
    const after = "/-/variants?prefix=ph&dry-run&cursor=variants%2F1%2Fphotos%2Fcat.jpg%2Fw_3.jpg";
    const rest = await app.request(after, { method: "DELETE" });
    expect(await rest.json()).toMatchObject({ originals: [{ variants: variants.slice(1) }] });
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
    const answer = await app.request(target, { method: "DELETE" });
    expect(answer.status).toBe(400);
    expect((await app.store.list({ prefix: "" })).keys).toHaveLength(2);
  });

  it("is for whoever has the token, or for this machine, but for no page in its browser", async () => {
    const target = "/-/variants/photos/cat.jpg";
    const closed = await createAppWithVariants({ admin: { token: TOKEN, isLocal: true } });
    expect((await closed.request(target, { method: "DELETE" })).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await closed.request(target, { method: "DELETE", headers })).status).toBe(200);
    const open = await createAppWithVariants({ admin: { token: undefined, isLocal: false } });
    expect((await open.request(target, { method: "DELETE" })).status).toBe(404);
    const local = await createAppWithVariants();
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
    ["host", "evil.example"],
    ["host", "localhost.evil.example"],
    ["host", "127.0.0.1.evil.example:3000"],
    ["host", "192.168.1.7:3000"],
    ["host", ""],
    ["x-forwarded-for", "203.0.113.7"],
    ["forwarded", "for=203.0.113.7"],
    ["via", "1.1 proxy"],
  ])("is, without a token, not for who comes with %s: %s", async (name, value) => {
    const app = await createAppWithVariants();
    const headers = { [name]: value };
    for (const [method, path] of [
      ["GET", "/-/metrics"],
      ["DELETE", "/-/variants/photos/cat.jpg"],
      ["POST", "/-/warm"],
    ] as const) {
      expect((await app.request(path, { method, headers })).status).toBe(404);
    }
    const closed = await createAppWithVariants({ admin: { token: TOKEN, isLocal: true } });
    const bearer = { ...headers, authorization: `Bearer ${TOKEN}` };
    expect((await closed.request("/-/metrics", { headers: bearer })).status).toBe(200);
  });

  it.each([
    "localhost",
    "LOCALHOST:3000",
    "img.localhost:80",
    "127.0.0.1:3000",
    "127.9.9.9",
    "[::1]:3000",
  ])("is, without a token, for who asks %s", async (host) => {
    const app = await createAppWithVariants();
    expect((await app.request("/-/metrics", { headers: { host } })).status).toBe(200);
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
