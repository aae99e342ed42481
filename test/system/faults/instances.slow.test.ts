import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { drawPhoto } from "../../support/images.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";
import { until } from "../../support/service/server.ts";

const { s3, start } = setUpFaults(async () => ({
  "a.jpg": await drawPhoto(600, 400),
  "b.jpg": await drawPhoto(500, 500),
  "c.jpg": await drawPhoto(300, 400),
}));

describe("two services on one bucket", () => {
  it("make the same variants at the same time, and agree on each", async () => {
    const services = await Promise.all([start(), start()]);
    const paths = [200, 210, 220, 230].map((width) => `/w_${width}/a.jpg`);
    const rounds = await Promise.all(
      paths.map((path) => Promise.all(services.map(({ get }) => get(path)))),
    );
    expect(new Set(rounds.flat().map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(services.map(({ idle }) => idle()));
    for (const path of paths) {
      const answers = await Promise.all(services.map(({ get }) => get(path)));
      expect(new Set(answers.map(({ headers }) => headers.get("etag"))).size).toBe(1);
      const Key = `variants/1${path.replace(/^(.*)\/(.*)$/, "/$2$1")}.jpg`;
      const object = await s3().client.send(
        new HeadObjectCommand({ Bucket: s3().variantsBucket, Key }),
      );
      expect(`"${object.Metadata?.["sha256"]}"`).toBe(answers[0]?.headers.get("etag"));
    }
    for (const { metric } of services) expect(await metric("write_failures_total")).toBe(0);
  });

  it("find what the other has made with one look at each store", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const made = await first.get("/w_100/b.jpg", { method: "HEAD" });
    await first.idle();
    const before = s3().calls.length;
    const found = await second.get("/w_100/b.jpg", { method: "HEAD" });
    expect(found.headers.get("etag")).toBe(made.headers.get("etag"));
    expect(s3().calls.slice(before).toSorted()).toEqual([
      "HEAD originals/b.jpg",
      "HEAD variants/variants/1/b.jpg/w_100.jpg",
    ]);
    await second.get("/w_100/b.jpg", { method: "HEAD" });
    expect(s3().calls).toHaveLength(before + 2);
  });

  it("agree on a replaced and on a deleted original within the TTL", async () => {
    const settings = { FRESHNESS_TTL_SECONDS: "1" };
    const services = await Promise.all([start(settings), start(settings)]);
    const all = () => Promise.all(services.map(({ get }) => get("/w_100/c.jpg")));
    await all();
    await Promise.all(services.map(({ idle }) => idle()));
    const [old] = await all();
    await s3().putOriginal("c.jpg", await drawPhoto(100, 200));
    await until(async () => {
      const etags = (await all()).map(({ headers }) => headers.get("etag"));
      return new Set(etags).size === 1 && etags[0] !== old?.headers.get("etag");
    });
    await Promise.all(services.map(({ idle }) => idle()));
    const Bucket = s3().originalsBucket;
    await s3().client.send(new DeleteObjectCommand({ Bucket, Key: "c.jpg" }));
    await until(async () => (await all()).every(({ status }) => status === 404));
    await Promise.all(services.map(({ idle }) => idle()));
    const Key = "variants/1/c.jpg/w_100.jpg";
    const gone = s3().client.send(new HeadObjectCommand({ Bucket: s3().variantsBucket, Key }));
    await expect(gone).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });
});
