import { describe, expect, it } from "vitest";
import { createDeferred } from "../../support/deferred.ts";
import { drawPhoto } from "../../support/images.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";
import { until } from "../../support/service/server.ts";

const { s3, start } = setUpFaults(async () => ({
  "photo.jpg": await drawPhoto(300, 200),
  "large.jpg": await drawPhoto(2600, 1800),
}));

describe("a service that is full", () => {
  it("refuses at once what it would have to make, and answers hits without asking the store", async () => {
    const service = await start({
      QUEUE_PER_CHILD: "2",
      DELIVERY: "auto",
      PUBLIC_URL: "https://cdn.example",
    });
    await service.get("/w_40/photo.jpg");
    await service.idle();
    expect((await service.get("/w_40/photo.jpg")).status).toBe(302);
    const misses = Array.from({ length: 12 }, (_, index) =>
      service.get(`/w_${1800 + index},f_avif/large.jpg`),
    );
    const refused = until(
      async () => (await service.metric('failures_total{code="overloaded"}')) > 0,
    );
    await refused;
    expect(await service.metric("children_busy")).toBe(1);
    const before = s3().calls.filter((call) => call.includes("photo")).length;
    const hits = await Promise.all(
      Array.from({ length: 100 }, () => service.get("/w_40/photo.jpg")),
    );
    expect(hits.filter(({ status }) => status !== 302)).toEqual([]);
    expect(await service.metric("children_busy")).toBe(1); // it was full all the while
    expect(s3().calls.filter((call) => call.includes("photo"))).toHaveLength(before);
    const answers = await Promise.all(misses);
    const full = answers.filter(({ status }) => status === 503);
    expect(full.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(12 - full.length);
    for (const { headers } of full) {
      expect(headers.get("retry-after")).toBe("1");
      expect(headers.get("cache-control")).toBe("no-store");
    }
    await service.idle();
    expect((await service.get("/w_41/photo.jpg")).status).toBe(200);
  });
});

describe("a service whose connections for originals are all in use", () => {
  it("goes on with what is stored, on connections of its own", async () => {
    const first = await start({ DELIVERY: "stream" });
    const stored = await first.get("/w_50/photo.jpg");
    await first.idle();
    const service = await start({ DELIVERY: "stream", STORE_SOCKETS: "1" });
    const gate = createDeferred<void>();
    s3().fail(/^GET originals\/large/, { before: () => gate.promise });
    const blocked = service.get("/w_51/large.jpg");
    await until(async () => s3().count(/^GET originals\/large/) > 0);
    // one more, that has to wait for the connection
    const waiting = service.get("/w_52/photo.jpg");
    const hit = await service.get("/w_50/photo.jpg");
    expect([hit.status, hit.bytes.equals(stored.bytes)]).toEqual([200, true]);
    gate.resolve();
    expect([(await blocked).status, (await waiting).status]).toEqual([200, 200]);
  });
});
