import { describe, expect, it } from "vitest";
import type { TestApp } from "../support/service/app.ts";
import { ADMIN_TOKEN, createFilledApp, putImage } from "../support/service/app.ts";
import { drawQuadrants } from "../support/images.ts";

let app: TestApp;

describe("errors", () => {
  it.each([
    ["/w_30O/cat.jpg", 400, "invalid_transform", "w_30O", 30],
    ["/w_300,zz_1/cat.jpg", 400, "invalid_transform", "zz", 30],
    ["/w_0/cat.jpg", 400, "invalid_transform", "from 1 to 8192", 30],
    ["/w_99999/cat.jpg", 400, "invalid_transform", "from 1 to 8192", 30],
    ["/w_300/../../etc/passwd", 400, "invalid_path", "between its slashes", 30],
    ["/w_300/../../healthz", 400, "invalid_path", "between its slashes", 30],
    ["/w_300/%2e%2e%2fetc", 400, "invalid_path", "between its slashes", 30],
    ["/w_300/a%00", 400, "invalid_path", "control characters", 30],
    ["/w_300/", 400, "invalid_path", "empty", 30],
    ["http://evil.example/w_3/photos/cat.jpg", 400, "invalid_path", "the path must start with", 30],
    ["/s--AAAAAAAAAAAAAAAAAAAAAA--/w_3/photos/cat.jpg", 403, "invalid_signature", "invalid", 30],
    ["/photos/cat.jpg", 403, "not_allowed", "put options before the key", 30],
    ["/w_300/nope.jpg", 404, "original_not_found", "nope.jpg", 10],
    ["/w_300/w_3/nope.jpg", 400, "invalid_transform", "one segment of options", 30],
    ["/variants/9/photos/cat.jpg/w_3.jpg", 404, "not_found", "no variant", 10],
  ])("answers %s with %i", async (target, status, code, part, seconds) => {
    app = await createFilledApp();
    const answer = await app.request(target);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe(`public, max-age=${seconds}`);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.json()).toEqual({ code, message: expect.stringContaining(part) });
    if (status === 400) expect(app.calls).toEqual([]);
  });

  it("advises everybody on their own URL, and varies as the answer would have", async () => {
    app = await createFilledApp();
    for (const [target, spec] of [
      ["/w_301,f_auto/nope.jpg", "w_301,f_auto"],
      ["/w_302,f_auto/nope.jpg", "w_302,f_auto"],
    ]) {
      const answer = await app.request(target ?? "");
      expect(await answer.json()).toMatchObject({
        message: `there is no original "nope.jpg"; if "${spec}" is a folder, put "_/" before it`,
      });
      expect(answer.headers.get("vary")).toBe("Accept");
    }
  });

  it.each(["POST", "PUT", "DELETE", "PATCH"])("refuses %s", async (method) => {
    app = await createFilledApp();
    for (const target of ["/w_3/photos/cat.jpg", "/healthz", "/-/metrics"]) {
      const answer = await app.operate(target, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("says that another Accept might have been answered", async () => {
    app = await createFilledApp();
    const target = "/w_3000,h_3000,c_fill,f_auto/a.gif";
    const answer = await app.request(target);
    expect([answer.status, answer.headers.get("vary")]).toEqual([400, "Accept"]);
  });

  it("tells nobody but the log what went wrong inside", async () => {
    app = await createFilledApp(
      {},
      { transform: () => Promise.reject(new Error("secret detail")) },
    );
    const answer = await app.request("/w_3/photos/cat.jpg");
    expect(answer.status).toBe(500);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.text()).not.toContain("secret");
    expect(JSON.stringify(app.log.map(({ fields }) => String(fields["error"])))).toContain(
      "secret detail",
    );
  });

  it("asks to come back later when it is overloaded or the store is down", async () => {
    for (const [code, status, seconds] of [
      ["overloaded", 503, "1"],
      ["store_failed", 502, "5"],
      ["timeout", 504, "5"],
    ] as const) {
      const { MediaError } = await import("../../src/errors.ts");
      app = await createFilledApp(
        {},
        { transform: () => Promise.reject(new MediaError(code, "x")) },
      );
      const answer = await app.request("/w_3/photos/cat.jpg");
      expect(answer.status).toBe(status);
      expect(answer.headers.get("retry-after")).toBe(seconds);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });
});

describe("the rest", () => {
  it("answers OPTIONS everywhere", async () => {
    app = await createFilledApp();
    const answer = await app.request("/w_3/photos/cat.jpg", { method: "OPTIONS" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET, HEAD, OPTIONS");
    expect(answer.headers.has("cache-control")).toBe(true);
  });

  it("is alive, and ready when it says so", async () => {
    let isReady = true;
    app = await createFilledApp({ isReady: () => isReady });
    expect((await app.request("/healthz")).status).toBe(200);
    expect((await app.request("/readyz")).status).toBe(200);
    isReady = false;
    expect((await app.request("/healthz")).status).toBe(200);
    const answer = await app.request("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it.each(["/healthz", "/robots.txt", "/favicon.ico"])(
    "serves %s without a look at the stores",
    async (target) => {
      app = await createFilledApp();
      expect((await app.request(target)).ok).toBe(true);
      expect(app.calls).toEqual([]);
    },
  );

  it("closes connections while it is stopping", async () => {
    app = await createFilledApp({ isStopping: () => true });
    expect((await app.request("/healthz")).headers.get("connection")).toBe("close");
  });

  it("counts in the format of Prometheus", async () => {
    app = await createFilledApp();
    await app.request("/w_3/photos/cat.jpg");
    await app.request("/w_300/nope.jpg");
    const answer = await app.operate("/-/metrics");
    expect(answer.headers.get("content-type")).toContain("text/plain");
    const text = await answer.text();
    expect(text).toContain('shift_media_requests_total{method="GET",status="200"} 1');
    expect(text).toContain('shift_media_failures_total{code="original_not_found"} 1');
    for (const name of ["hits", "misses", "joins", "transforms"]) {
      expect(text).toContain(`# TYPE shift_media_${name}_total counter`);
    }
    expect(text).toContain("shift_media_queue 0");
    expect(text).toContain("shift_media_children 0");
    const [, busy] = /^shift_media_nodejs_eventloop_busy_seconds_total (\S+)$/m.exec(text) ?? [];
    expect(Number(busy)).toBeGreaterThan(0);
    // it would have to be sampled
    expect(text).not.toMatch(/eventloop_lag_(?!seconds)/);
  });

  it("shows metrics to those who have the token", async () => {
    app = await createFilledApp({ adminToken: undefined });
    expect((await app.operate("/-/metrics")).status).toBe(404);
    app = await createFilledApp();
    for (const authorization of ["", ADMIN_TOKEN, `Bearer ${ADMIN_TOKEN}x`]) {
      const refused = await app.request("/-/metrics", { headers: { authorization } });
      expect([refused.status, await refused.json()]).toMatchObject([401, { code: "unauthorized" }]);
    }
    expect((await app.operate("/-/metrics")).status).toBe(200);
    expect((await app.operate("/-/nothing")).status).toBe(404);
  });

  it("logs one line per request, without signatures and without what is long", async () => {
    app = await createFilledApp();
    await app.request("/w_3/photos/cat.jpg?token=secret");
    await app.request(`/s--${"S".repeat(30)}--/w_3/${"x".repeat(500)}`);
    for (const hidden of ["%2Fw_3/photos/cat.jpg", "/w_3/a%2Fb.jpg"]) {
      await app.request(`/s--${"S".repeat(43)}--${hidden}`);
      await app.request(`/%73--${"S".repeat(43)}--${hidden}`);
      await app.request(`/s%2D%2d${"S".repeat(43)}%2d-${hidden}`);
    }
    const lines = app.log.filter(({ message }) => message === "request");
    expect(lines[0]?.fields).toMatchObject({
      method: "GET",
      path: "/w_3/photos/cat.jpg",
      status: 200,
    });
    expect(lines).toHaveLength(8);
    expect(JSON.stringify(app.log)).not.toMatch(/secret|SSS/);
    expect(String(lines[1]?.fields["path"])).toHaveLength(256);
  });

  it("lets no page of another origin see how long an answer took", async () => {
    app = await createFilledApp();
    const { headers } = await app.request("/w_3/photos/cat.jpg");
    expect(headers.get("server-timing")).toContain("total");
    expect(headers.get("timing-allow-origin")).toBeNull();
  });

  it("reads bytes beyond ASCII in a target as UTF-8", async () => {
    app = await createFilledApp();
    await putImage(app, "ü.png", await drawQuadrants(9, 9).png().toBuffer());
    const latin1 = Buffer.from("/w_3/ü.png").toString("latin1");
    expect((await app.request(latin1)).status).toBe(200);
  });
});
