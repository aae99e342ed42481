import { createHash } from "node:crypto";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { TestApp } from "../../support/service/app.ts";
import { createFilledApp } from "../../support/service/app.ts";

let app: TestApp;

const VERSION = /^\?v=[\w-]{1,8}$/;

describe("GET of a transform", () => {
  it("answers the image at first, and redirects to the stored variant from then on", async () => {
    app = await createFilledApp({ publicUrl: "https://cdn.example/x" });
    const first = await app.request("/w_100/photos/cat.jpg");
    const bytes = Buffer.from(await first.arrayBuffer());
    expect(first.status).toBe(200);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: "jpeg", width: 100, height: 50 });
    expect(Object.fromEntries(first.headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-length": String(bytes.length),
      "content-disposition": 'inline; filename="cat.jpg"',
      "cache-control": "public, max-age=60",
      etag: `"${createHash("sha256").update(bytes).digest("hex")}"`,
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "x-content-type-options": "nosniff",
    });
    expect(first.headers.has("vary")).toBe(false);
    await app.drain();
    const second = await app.request("/w_100/photos/cat.jpg");
    expect(second.status).toBe(302);
    expect(second.headers.get("cache-control")).toBe("public, max-age=60");
    const location = new URL(second.headers.get("location") ?? "");
    expect(location.origin).toBe("https://cdn.example");
    expect(location.pathname).toBe("/x/variants/1/photos/cat.jpg/w_100.jpg");
    expect(location.search).toMatch(VERSION);
  });

  it("redirects to a path of its own where it serves the variants itself", async () => {
    app = await createFilledApp({ publicUrl: "" });
    const made = await app.request("/w_100/photos/cat.jpg");
    await app.drain();
    const location = (await app.request("/w_100/photos/cat.jpg")).headers.get("location") ?? "";
    expect(location).toMatch(/^\/variants\/1\/photos\/cat\.jpg\/w_100\.jpg\?v=/);
    const stored = await app.request(location);
    expect(stored.status).toBe(200);
    expect(stored.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(stored.headers.get("etag")).toBe(made.headers.get("etag"));
    expect(await stored.arrayBuffer()).toEqual(await made.arrayBuffer());
  });

  it("streams where there is nothing to redirect to", async () => {
    app = await createFilledApp();
    const cacheControl =
      "public, max-age=300, s-maxage=86400, stale-while-revalidate=604800, stale-if-error=604800";
    const made = await app.request("/w_100/photos/cat.jpg");
    await app.drain();
    const hit = await app.request("/w_100/photos/cat.jpg");
    expect([made.status, hit.status]).toEqual([200, 200]);
    expect(made.headers.get("cache-control")).toBe(cacheControl);
    expect(hit.headers.get("cache-control")).toBe(cacheControl);
    expect(hit.headers.get("etag")).toBe(made.headers.get("etag"));
    expect(await hit.arrayBuffer()).toEqual(await made.arrayBuffer());
    expect(app.count("transform")).toBe(1);
  });

  it.each(["via", "x-amz-cf-id", "cdn-loop"])(
    "streams to a CDN, which sends %s",
    async (header) => {
      app = await createFilledApp({ publicUrl: "https://cdn.example" });
      await app.request("/w_100/photos/cat.jpg");
      await app.drain();
      const toCdn = { headers: { [header]: "1.1 edge" } };
      const streamed = await app.request("/w_100/photos/cat.jpg", toCdn);
      const redirected = await app.request("/w_100/photos/cat.jpg");
      expect([streamed.status, redirected.status]).toEqual([200, 302]);
      // anybody can send the header, so it must not have caches keep the answer for longer
      expect(streamed.headers.get("cache-control")).toBe(redirected.headers.get("cache-control"));
    },
  );

  it("does as it is told about delivery", async () => {
    for (const [delivery, status] of [
      ["redirect", 302],
      ["stream", 200],
    ] as const) {
      app = await createFilledApp({ publicUrl: "https://cdn.example", delivery });
      await app.request("/w_100/photos/cat.jpg");
      await app.drain();
      const hit = await app.request("/w_100/photos/cat.jpg", { headers: { via: "1.1 edge" } });
      expect(hit.status).toBe(status);
    }
  });

  it("varies by Accept under f_auto alone, redirects included", async () => {
    app = await createFilledApp({ publicUrl: "" });
    const accept = { headers: { accept: "image/webp,*/*" } };
    const made = await app.request("/w_100,f_auto/photos/cat.jpg", accept);
    await app.drain();
    const hit = await app.request("/w_100,f_auto/photos/cat.jpg", accept);
    expect(made.headers.get("content-type")).toBe("image/webp");
    expect(made.headers.get("vary")).toBe("Accept");
    expect(hit.headers.get("vary")).toBe("Accept");
    expect(hit.headers.get("location")).toContain("/w_100.webp?v=");
    const other = await app.request("/w_100,f_auto/photos/cat.jpg");
    expect(other.headers.get("content-type")).toBe("image/jpeg");
  });

  it.each([
    ["its own", (etag: string) => etag],
    ["a weak one", (etag: string) => `W/${etag}`],
    ["one of several", (etag: string) => `"x", ${etag}`],
    ["any", () => "*"],
  ])("answers 304 to If-None-Match with %s", async (_, print) => {
    app = await createFilledApp({ publicUrl: "" });
    const etag = (await app.request("/w_100/photos/cat.jpg")).headers.get("etag") ?? "";
    await app.drain();
    const headers = { "if-none-match": print(etag) };
    for (const target of ["/w_100/photos/cat.jpg", "/variants/1/photos/cat.jpg/w_100.jpg"]) {
      const answer = await app.request(target, { headers });
      expect(answer.status).toBe(304);
      expect(answer.headers.get("etag")).toBe(etag);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
      expect(await answer.text()).toBe("");
    }
  });

  it("answers the bytes again to another ETag", async () => {
    app = await createFilledApp();
    const headers = { "if-none-match": '"other"' };
    expect((await app.request("/w_100/photos/cat.jpg", { headers })).status).toBe(200);
  });
});

describe("the stored form", () => {
  it("is made when it is not there", async () => {
    app = await createFilledApp({ publicUrl: "" });
    const answer = await app.request("/variants/1/photos/cat.jpg/w_40,h_40.webp");
    expect(answer.status).toBe(200);
    const { width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect([width, height]).toEqual([40, 40]);
  });

  it("is kept for a minute under a version that is not its own", async () => {
    app = await createFilledApp();
    const answer = await app.request("/variants/1/photos/cat.jpg/w_40.webp?v=other");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  });

  it("is not found under any spelling but its own", async () => {
    app = await createFilledApp();
    const answer = await app.request("/variants/1/photos/cat.jpg/h_40,w_40.webp");
    expect(answer.status).toBe(404);
    expect(app.calls).toEqual([]);
  });
});

describe("HEAD", () => {
  it("makes and keeps the variant before it answers, as GET would", async () => {
    app = await createFilledApp({ publicUrl: "" });
    const head = await app.request("/w_100/photos/cat.jpg", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(await app.store.head("variants/1/photos/cat.jpg/w_100.jpg")).toBeDefined();
    expect(await head.text()).toBe("");
    const size = (await app.store.head("variants/1/photos/cat.jpg/w_100.jpg"))?.size;
    expect(head.headers.get("content-length")).toBe(String(size));
    expect((await app.request("/w_100/photos/cat.jpg", { method: "HEAD" })).status).toBe(302);
  });

  it("says the same as GET in every mode, and reads no bytes", async () => {
    app = await createFilledApp();
    await app.request("/w_100/photos/cat.jpg");
    await app.drain();
    const head = await app.request("/w_100/photos/cat.jpg", { method: "HEAD" });
    const get = await app.request("/w_100/photos/cat.jpg");
    for (const { headers } of [head, get]) headers.delete("server-timing");
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    expect(app.count("variants.get")).toBe(0);
  });
});
