import type { S3Client } from "@aws-sdk/client-s3";
import {
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketWebsiteCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyPlan } from "../../../src/ops/setup/apply.ts";
import type { SetupOutcome } from "../../../src/ops/setup/outcome.ts";
import { createPlan } from "../../../src/ops/setup/plan.ts";
import type { BucketSpec } from "../../../src/ops/setup/spec.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import { createBucketSpec } from "../../support/s3/bucket-spec.ts";

function statuses(outcomes: readonly SetupOutcome[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    outcomes.map(({ step, bucket, status, message }) => [
      `${step} of ${bucket}`,
      message ? `${status}: ${message}` : status,
    ]),
  );
}

/** A statement of others in the policy of a bucket. */
function allowing(Sid: string, Principal: unknown, resource: string): object {
  const Resource = [`arn:aws:s3:::${resource}`];
  return { Sid, Effect: "Allow", Principal, Action: ["s3:GetObject"], Resource };
}

describe.skipIf(!hasRgw())("setup of buckets on Ceph RGW", () => {
  let rgw: Rgw;
  let client: S3Client;
  let used = 0;

  beforeAll(async () => {
    rgw = await startRgw();
    client = createS3Client({ ...rgw, forcePathStyle: true });
  });

  afterAll(async () => {
    client.destroy();
    await rgw.stop();
  });

  function specFor(more: Partial<BucketSpec> = {}): BucketSpec {
    used += 1;
    const bucket = `media-${used}`;
    return createBucketSpec({
      provider: "rgw",
      region: rgw.region,
      endpoint: rgw.endpoint,
      originals: { bucket, prefix: "" },
      variants: { bucket, prefix: "variants/" },
      shouldCreateBuckets: true,
      ...more,
    });
  }

  async function apply(wanted: BucketSpec): Promise<readonly SetupOutcome[]> {
    const outcomes: SetupOutcome[] = [];
    for await (const outcome of applyPlan(createPlan(wanted).steps, client)) {
      outcomes.push(outcome);
    }
    return outcomes;
  }

  const WEBSITE = { service: "https://img.example.com/i", publicUrl: "http://media.example.com" };

  const WISHES: readonly (readonly [what: string, Partial<BucketSpec>])[] = [
    ["one private bucket", {}],
    ["one public bucket", { access: "public", expireDays: 30 }],
    ["a website", { access: "public", website: WEBSITE }],
    [
      "two buckets and a principal",
      {
        access: "public",
        originals: { bucket: "two-originals", prefix: "in/" },
        variants: { bucket: "two-variants", prefix: "made/" },
        principal: "arn:aws:iam:::user/svc",
      },
    ],
    [
      "public originals",
      { access: "public", arePublicOriginals: true, corsOrigins: ["https://a.example"] },
    ],
  ];

  it.each(WISHES)("makes all of it once, and then finds nothing to do: %s", async (_, more) => {
    const wanted = specFor(more);
    const first = await apply(wanted);
    for (const { status } of first) expect(status).toMatch(/created|changed/);
    expect(first.filter(({ status }) => status === "created").length).toBeGreaterThan(1);
    const second = statuses(await apply(wanted));
    expect(new Set(Object.values(second))).toEqual(new Set(["unchanged"]));
  });

  it("leaves what others have there, and takes away what it has made before", async () => {
    const wanted = specFor({ access: "public", website: WEBSITE, expireDays: 30 });
    const Bucket = wanted.variants.bucket;
    await apply({ ...wanted, website: undefined, corsOrigins: [] });
    const statement = allowing(
      "Theirs",
      { AWS: ["arn:aws:iam:::user/owner"] },
      `${Bucket}/theirs/*`,
    );
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const rule = { ID: "theirs", AllowedMethods: ["PUT"], AllowedOrigins: ["https://b.example"] };
    const Tags = ["a", "b"].map((Key) => ({ Key, Value: "x" }));
    const old = {
      ID: "old",
      Status: "Enabled" as const,
      Filter: { And: { Prefix: "tmp/", Tags } },
    };
    const route = {
      Condition: { KeyPrefixEquals: "docs/" },
      Redirect: { ReplaceKeyPrefixWith: "documents/" },
    };
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await client.send(
      new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }),
    );
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [{ ...old, Expiration: { Days: 3 } }] },
      }),
    );
    await client.send(
      new PutBucketWebsiteCommand({
        Bucket,
        WebsiteConfiguration: { IndexDocument: { Suffix: "home.html" }, RoutingRules: [route] },
      }),
    );
    const outcomes = statuses(await apply(wanted));
    expect(outcomes).toMatchObject({
      [`policy of ${Bucket}`]: "changed",
      [`cors of ${Bucket}`]: "changed",
      [`lifecycle of ${Bucket}`]: "changed",
      [`website of ${Bucket}`]: "changed",
    });
    expect(await idsIn(Bucket)).toEqual({
      policy: ["Theirs", "ShiftMediaPublicVariants"],
      cors: ["theirs", "ShiftMediaRead"],
      lifecycle: ["ShiftMediaCleanUp", "ShiftMediaExpireVariants", "old"],
      website: ["home.html", 3],
    });
    const { Rules } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    // as Ceph gives it back, and it is about no more than it was
    expect(Rules?.find(({ ID }) => ID === "old")?.Filter).toEqual({
      Prefix: "tmp/",
      And: { Tags },
    });
    expect(new Set(Object.values(statuses(await apply(wanted))))).toEqual(new Set(["unchanged"]));
    const less = await apply({ ...wanted, expireDays: undefined, corsOrigins: [] });
    expect(statuses(less)).toMatchObject({
      [`policy of ${Bucket}`]: "unchanged",
      [`cors of ${Bucket}`]:
        "changed: removed, because this command did not ask for it again: ShiftMediaRead",
      [`lifecycle of ${Bucket}`]: expect.stringMatching(
        /again: ShiftMediaExpireVariants$/,
      ) as string,
    });
    expect(await idsIn(Bucket)).toMatchObject({
      lifecycle: ["ShiftMediaCleanUp", "old"],
      cors: ["theirs"],
    });
  });

  async function idsIn(Bucket: string): Promise<Readonly<Record<string, unknown>>> {
    const [policy, cors, lifecycle, site] = await Promise.all([
      client.send(new GetBucketPolicyCommand({ Bucket })),
      client.send(new GetBucketCorsCommand({ Bucket })),
      client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      client.send(new GetBucketWebsiteCommand({ Bucket })),
    ]);
    const { Statement } = JSON.parse(policy.Policy ?? "{}") as { Statement: { Sid: string }[] };
    return {
      policy: Statement.map(({ Sid }) => Sid),
      cors: cors.CORSRules?.map(({ ID }) => ID),
      lifecycle: lifecycle.Rules?.map(({ ID }) => ID).toSorted(),
      website: [site.IndexDocument?.Suffix, site.RoutingRules?.length],
    };
  }

  it("does not block what somebody else has made public", async () => {
    const wanted = specFor({ access: "public" });
    const Bucket = wanted.variants.bucket;
    await apply(wanted);
    const statement = allowing("TheirSite", "*", `${Bucket}/site/*`);
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const outcomes = statuses(await apply({ ...wanted, access: "private" }));
    expect(outcomes[`public_access of ${Bucket}`]).toMatch(/^failed: .*TheirSite/);
    // where the service is allowed something, Ceph can block nothing
    const principal = "arn:aws:iam:::user/svc";
    const told = statuses(await apply({ ...wanted, access: "private", principal }));
    expect(told[`policy of ${Bucket}`]).toMatch(/^changed: .*stay: TheirSite$/);
  });

  it("takes back what it has opened, and leaves what others are allowed", async () => {
    const open = specFor({
      access: "public",
      arePublicOriginals: true,
      originals: { bucket: "back-originals", prefix: "" },
      variants: { bucket: "back-variants", prefix: "variants/" },
      principal: "arn:aws:iam:::user/svc",
    });
    await apply(open);
    const Bucket = open.originals.bucket;
    const put = { Bucket, Key: "acl.png", Body: "x", ACL: "public-read" } as const;
    await client.send(new PutObjectCommand(put));
    const closed = { ...open, access: "private", arePublicOriginals: false } as const;
    await apply({ ...closed, variants: { bucket: Bucket, prefix: "variants/" }, expireDays: 9 });
    expect(statuses(await apply(closed))).toMatchObject({
      [`cors of ${Bucket}`]:
        "changed: removed, because this command did not ask for it again: ShiftMediaRead",
      [`lifecycle of ${Bucket}`]: expect.stringContaining("ExpireVariants") as string,
    });
    expect((await fetch(`${rgw.endpoint}/${Bucket}/acl.png`)).status).toBe(403);
    const theirs = allowing("Theirs", { AWS: ["arn:aws:iam:::user/owner"] }, `${Bucket}/theirs/*`);
    const present = await client.send(new GetBucketPolicyCommand({ Bucket }));
    const { Statement } = JSON.parse(present.Policy ?? "{}") as { Statement: unknown[] };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [...Statement, theirs] });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const bare = { ...closed, principal: undefined };
    const outcomes = statuses(await apply(bare));
    expect(outcomes[`policy of ${Bucket}`]).toMatch(/^changed: .*ShiftMediaList/);
    const { Policy: left } = await client.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(left ?? "{}")).toMatchObject({ Statement: [theirs] });
    expect(new Set(Object.values(statuses(await apply(bare))))).toEqual(new Set(["unchanged"]));
  });

  it("says that a bucket is missing, and does not go on with that one", async () => {
    const wanted = specFor({ shouldCreateBuckets: false });
    const outcomes = await apply(wanted);
    expect(outcomes[0]).toMatchObject({
      status: "failed",
      message: expect.stringContaining("--create-bucket") as string,
    });
    expect(new Set(outcomes.slice(1).map(({ status }) => status))).toEqual(new Set(["skipped"]));
  });
});
