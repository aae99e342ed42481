import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyPlan } from "../../../src/ops/setup/apply.ts";
import type { SetupOutcome } from "../../../src/ops/setup/outcome.ts";
import { createPlan } from "../../../src/ops/setup/plan.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import { giveStatus, refuse } from "../../support/s3/script.ts";
import { createBucketSpec } from "../../support/s3/bucket-spec.ts";

describe.skipIf(!hasRgw())("a setup that fails half-way", () => {
  let rgw: Rgw;
  let proxy: FaultyS3;

  beforeEach(async () => {
    rgw = await startRgw();
    const buckets = { originalsBucket: "media", variantsBucket: "media", publicUrl: rgw.endpoint };
    proxy = await startFaultyS3({ ...rgw, ...buckets });
  });

  afterEach(async () => {
    await proxy.stop(); // and the gateway with it
  });

  async function apply(): Promise<readonly string[]> {
    const wanted = createBucketSpec({
      provider: "rgw",
      access: "public",
      region: rgw.region,
      endpoint: proxy.endpoint,
      shouldCreateBuckets: true,
      website: { service: "https://img.example.com", publicUrl: undefined },
    });
    const client = createS3Client({ forcePathStyle: true });
    const outcomes: SetupOutcome[] = [];
    for await (const outcome of applyPlan(createPlan(wanted).steps, client)) {
      outcomes.push(outcome);
    }
    client.destroy();
    return outcomes.map(({ step, status }) => `${step} ${status}`);
  }

  it("goes on with what does not hang on it, and is completed by the same again", async () => {
    proxy.fail(/^PUT media\/?\?cors/, { answer: refuse(500, "InternalError") });
    expect(await apply()).toEqual([
      "bucket created",
      "public_access changed",
      "policy created",
      "cors failed",
      "lifecycle created",
      "website created",
    ]);
    proxy.heal();
    expect(await apply()).toEqual([
      "bucket unchanged",
      "public_access unchanged",
      "policy unchanged",
      "cors created",
      "lifecycle unchanged",
      "website unchanged",
    ]);
  });

  it("stops where everything would fail, and is completed by the same again", async () => {
    proxy.fail(/\?policy/, { answer: refuse(403, "InvalidAccessKeyId") });
    const first = await apply();
    expect(first.slice(2)).toEqual([
      "policy failed",
      "cors skipped",
      "lifecycle skipped",
      "website skipped",
    ]);
    proxy.heal();
    expect(await apply()).toContain("policy created");
    expect((await apply()).every((line) => line.endsWith("unchanged"))).toBe(true);
  });

  it("is not misled by a write whose answer got lost", async () => {
    proxy.fail(/^PUT media\/?\?policy/, { after: () => Promise.reject(new Error("cut")) });
    expect(await apply()).toContain("policy failed");
    proxy.heal();
    expect(await apply()).toContain("policy unchanged");
  });

  it("does not take a refusal to look for a missing bucket", async () => {
    proxy.fail(/^HEAD media/, { answer: giveStatus(403) });
    expect((await apply())[0]).toBe("bucket unchanged");
  });
});
