import { describe, expect, it } from "vitest";
import { createDeferred } from "../../support/deferred.ts";
import { drawQuadrants } from "../../support/images.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";
import { until } from "../../support/service/server.ts";
import { flood } from "../../support/service/flood.ts";

const { s3, start } = setUpFaults(async () => ({
  "a.png": await drawQuadrants(60, 40).png().toBuffer(),
}));

describe("5,000 requests on one connection", () => {
  it("are looked up a few at a time, beside hits and other clients, and answered in order", async () => {
    const service = await start();
    await service.get("/w_3/a.png");
    await service.idle();
    const gate = createDeferred<void>();
    s3().fail(/gone-/, { before: () => gate.promise });
    const before = s3().calls.length;
    const { socket, answers } = flood(service.url, 5000);
    await until(async () => s3().count(/gone-7\./) > 0);
    for (let asked = 0; asked < 20; asked += 1) {
      expect((await service.get("/w_3/a.png")).status).toBe(200);
      expect((await service.get("/healthz")).status).toBe(200);
    }
    // eight requests, each with the variant and the original; Node may have parsed more
    expect(s3().calls.length - before).toBeLessThanOrEqual(16);
    expect(answers()).toEqual([]);
    gate.resolve();
    await until(async () => answers().length >= 200);
    const expected = Array.from({ length: 100 }, (_, n) => ["HTTP/1.1 404", `gone-${n}`]);
    expect(answers().slice(0, 200)).toEqual(expected.flat());
    socket.destroy();
  });
});

describe("more look-ups than there may be", () => {
  it("are a 503 at once, and hits are answered all the same", async () => {
    const service = await start({ LOOKUPS_IN_FLIGHT: "3", DELIVERY: "auto" });
    await service.get("/w_3/a.png");
    await service.idle();
    expect((await service.get("/w_3/a.png")).status).toBe(302);
    const gate = createDeferred<void>();
    s3().fail(/slow-/, { before: () => gate.promise });
    const waiting = [1, 2, 3].map((n) => service.get(`/w_3/slow-${n}.png`));
    await until(async () => s3().count(/slow-3/) > 0);
    const refused = await service.get("/w_3/slow-4.png");
    expect([refused.status, JSON.parse(refused.bytes.toString()).code]).toEqual([
      503,
      "overloaded",
    ]);
    expect(refused.headers.get("cache-control")).toBe("no-store");
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await service.get("/w_3/a.png")).status).toBe(302);
    gate.resolve();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await service.get("/w_3/slow-4.png")).status).toBe(404);
  });
});
