import { createHash } from "node:crypto";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import type { Service } from "../../support/service/faulty-service.ts";
import { createDeferred } from "../../support/deferred.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";
import { decode, drawPhoto } from "../../support/images.ts";
import { withoutConditions } from "../../support/s3/conditions.ts";
import type { Answer } from "../../support/s3/script.ts";
import { refuse } from "../../support/s3/script.ts";
import { until } from "../../support/service/server.ts";

const { s3, start } = setUpFaults(async () => ({ "a.jpg": await drawPhoto(300, 200) }));

const STORES: readonly (readonly [what: string, refusal: Answer | undefined])[] = [
  ["answers 501 to them", refuse(501, "NotImplemented")],
  ["answers 400 to them", refuse(400, "InvalidArgument")],
  ["does not look at them", undefined],
];

let used = 0;
/** Widths that no other test has asked for, and that can be halved. */
function nextWidth(): number {
  used += 1;
  return 20 + 2 * used;
}

async function readStored(key: string, width: number): Promise<number> {
  const { client, variantsBucket: Bucket } = s3();
  const Key = `variants/1/${key}/w_${width}.jpg`;
  const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket, Key }));
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  expect(Metadata?.["sha256"]).toBe(createHash("sha256").update(bytes).digest("hex"));
  const image = await decode(bytes);
  expect(image.width).toBe(width);
  return image.height;
}

async function heightOf({ get }: Service, path: string): Promise<number> {
  const { status, bytes } = await get(path);
  expect(status).toBe(200);
  return (await decode(bytes)).height;
}

describe.each(STORES)("a store without conditional writes, which %s", (_, refusal) => {
  it("keeps whole variants of two services that race, and is asked for conditions no more than once it has to be", async () => {
    const store = withoutConditions(s3(), refusal);
    s3().fail(/^PUT variants/, { answer: store.answer });
    const settings = { DELIVERY: "stream" };
    const services = await Promise.all([start(settings), start(settings)]);
    const race = async (widths: readonly number[]): Promise<void> => {
      const all = widths.flatMap((width) =>
        services.map(({ get }) => get(`/w_${width}/a.jpg`, { method: "HEAD" })),
      );
      for (const { status } of await Promise.all(all)) expect(status).toBe(200);
      await Promise.all(services.map(({ idle }) => idle()));
      for (const width of widths) await readStored("a.jpg", width);
    };
    await race([nextWidth(), nextWidth(), nextWidth()]);
    const asked = store.conditional();
    await race([nextWidth(), nextWidth(), nextWidth()]);
    if (refusal) expect(store.conditional()).toBe(asked);
    for (const { metric } of services) expect(await metric("write_failures_total")).toBe(0);
    const third = await start(settings);
    await third.get(`/w_${20 + 2 * used}/a.jpg`);
    expect(await third.metric("misses_total")).toBe(0);
  });

  it("is rid within the TTL of a stale variant that came last", async () => {
    const key = `news ${used}.jpg`;
    await s3().putOriginal(key, await drawPhoto(200, 100));
    const store = withoutConditions(s3(), refusal);
    s3().fail(/^PUT variants/, { answer: store.answer });
    const settings = { DELIVERY: "stream", FRESHNESS_TTL_SECONDS: "1" };
    const [slow, quick] = await Promise.all([start(settings), start(settings)]);
    // both have learnt by then what there is to learn
    for (const { get } of [slow, quick]) {
      await get(`/w_${nextWidth()}/a.jpg`, { method: "HEAD" });
    }
    const width = nextWidth();
    const path = `/w_${width}/${encodeURIComponent(key)}`;
    const release = createDeferred<void>();
    store.holdNext(release.promise);
    expect(await heightOf(slow, path)).toBe(width / 2);
    await until(async () => s3().count(new RegExp(`^PUT variants/.*${key}/w_${width}`)) > 0);
    await s3().putOriginal(key, await drawPhoto(100, 200));
    expect(await heightOf(quick, path)).toBe(width * 2);
    await quick.idle();
    expect(await readStored(key, width)).toBe(width * 2);
    release.resolve();
    await slow.idle();
    expect(await readStored(key, width)).toBe(width / 2);
    await until(async () => {
      const heights = await Promise.all([slow, quick].map((service) => heightOf(service, path)));
      return heights.every((height) => height === width * 2);
    });
    await Promise.all([slow, quick].map(({ idle }) => idle()));
    expect(await readStored(key, width)).toBe(width * 2);
  });
});

describe("a store that answers 400 to all writes", () => {
  it("is not taken for one that knows no conditions", async () => {
    const service = await start();
    const answer = refuse(400, "InvalidRequest");
    s3().fail(/^PUT/, { answer });
    expect((await service.get(`/w_${nextWidth()}/a.jpg`)).status).toBe(200);
    await service.idle();
    expect(await service.metric("write_failures_total")).toBe(1);
    s3().heal();
    const store = withoutConditions(s3());
    s3().fail(/^PUT/, { answer: store.answer });
    expect((await service.get(`/w_${nextWidth()}/a.jpg`)).status).toBe(200);
    await service.idle();
    expect(store.conditional()).toBe(1);
  });
});
