import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DoctorTarget } from "../../../src/ops/doctor/target.ts";
import { checkPresigned } from "../../../src/ops/doctor/checks/presigned.ts";
import { createProbe } from "../../../src/ops/doctor/probe.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createPresign } from "../../../src/store/s3/connection.ts";
import { linesOf, runCli } from "../../support/service/cli.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer } from "../../support/service/server.ts";

function keys({ accessKeyId, secretAccessKey }: Rgw["credentials"]): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

/** Asks in its own name for what it is asked for. */
async function startProxy(target: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void fetch(target + request.url).then(async (answer) => {
      response.writeHead(answer.status).end(await answer.text());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens by TCP
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

async function tryPresigned(
  client: S3Client,
  bucket: string,
  where: Pick<Rgw, "endpoint" | "region" | "credentials">,
): Promise<string> {
  const { endpoint, region, credentials } = where;
  const visitors = createS3Client({ forcePathStyle: true, endpoint, region, credentials });
  const target: DoctorTarget = {
    client,
    endpoint,
    originals: { bucket, prefix: "" },
    variants: { bucket, prefix: "variants/" },
    publicUrl: undefined,
    arePublicOriginals: false,
    cacheControl: "no-cache",
  };
  const probe = createProbe(target);
  try {
    await probe.put("probe.png");
    const presign = createPresign(visitors, bucket);
    const { status, message, fix } = await checkPresigned(target, probe, presign);
    return [status, message, fix].filter(Boolean).join(": ");
  } finally {
    await probe.clear();
    visitors.destroy();
  }
}

describe.skipIf(!hasRgw())("setup and doctor on Ceph RGW", () => {
  let rgw: Rgw;
  let owner: S3Client;
  let server: TestServer;
  let asOwner: Readonly<Record<string, string>>;
  let asService: Readonly<Record<string, string>>;

  beforeAll(async () => {
    rgw = await startRgw();
    owner = createS3Client({ ...rgw, forcePathStyle: true });
    const user = await rgw.createUser("svc");
    const common = {
      AWS_ENDPOINT_URL_S3: rgw.endpoint,
      AWS_REGION: rgw.region,
      S3_BUCKET: "fresh",
      POLICY: "open",
      PUBLIC_URL: `${rgw.endpoint}/fresh`,
    };
    asOwner = { ...common, ...keys(rgw.credentials) };
    asService = { ...common, ...keys(user) };
  });

  afterAll(async () => {
    await server?.stop();
    vi.unstubAllEnvs();
    owner.destroy();
    await rgw.stop();
  });

  async function doctor(
    environment: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<{ readonly code: number | null; readonly found: Record<string, string> }> {
    const { code, output, errors } = await runCli(["doctor", "--json", ...args], { environment });
    for (const secret of [asOwner, asService].map((env) => env["AWS_SECRET_ACCESS_KEY"] ?? "?")) {
      expect(output + errors).not.toContain(secret);
    }
    const found = linesOf(output).map(({ check, status, message, fix }) => [
      check,
      [status, message, fix].filter(Boolean).join(": "),
    ]);
    return { code, found: Object.fromEntries(found) as Record<string, string> };
  }

  it("says that the bucket is missing before, and finds all well after", async () => {
    const before = await doctor(asService);
    expect(before.code).toBe(1);
    expect(before.found["list fresh"]).toMatch(/^fail: there is no .*bucket.*--create-bucket/);

    const args = ["setup", "--apply", "--create-bucket", "--access", "public", "--user", "svc"];
    const first = await runCli(args, { environment: asOwner });
    expect([first.code, first.output]).toEqual([0, expect.stringContaining("created   bucket")]);
    const again = await runCli([...args, "--json"], { environment: asOwner });
    const { steps } = JSON.parse(again.output) as { steps: { status: string }[] };
    expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(["unchanged"]));

    const Body = await drawQuadrants(90, 60).png().toBuffer();
    await owner.send(new PutObjectCommand({ Bucket: "fresh", Key: "photos/a b.png", Body }));
    for (const [name, value] of Object.entries(asService)) vi.stubEnv(name, value);
    server = await startTestServer({ ...asService, POOL_SIZE: "1", DELIVERY: "stream" });
    const after = await doctor(asService, "--service", server.url, "--cdn", server.url);
    const bad = Object.entries(after.found).filter(([, text]) => !/^(?:ok|skipped)/.test(text));
    expect(bad.filter(([check]) => check !== "node")).toEqual([]);
    expect([after.code, after.found["the same from the bucket"]]).toEqual([
      0,
      "ok: PUBLIC_URL has the same bytes",
    ]);
    expect(Object.keys(after.found)).toEqual(
      expect.arrayContaining([
        "conditional writes",
        "keys",
        "public keys",
        "CORS",
        "originals are private",
        "f_auto through the CDN",
        "v in the cache key",
      ]),
    );
  });

  it("fetches a presigned URL as visitors do, and says where it leads when that fails", async () => {
    const hidden = { ...asService, S3_BUCKET: "hidden", PUBLIC_URL: "" };
    const args = ["setup", "--apply", "--create-bucket", "--user", "svc"];
    await runCli(args, { environment: { ...asOwner, S3_BUCKET: "hidden" } });
    const good = await doctor(hidden);
    expect([good.code, good.found["presigned"]]).toEqual([
      0,
      `ok: a signed URL gives the bytes that were written (127.0.0.1:${rgw.port})`,
    ]);
    expect(good.found["public URL"]).toBeUndefined();
    expect(JSON.stringify(good)).not.toMatch(/X-Amz-/i);
    const found = (bucket: string, endpoint = rgw.endpoint): Promise<string> =>
      tryPresigned(owner, bucket, { ...rgw, endpoint });
    const elsewhere = await found("hidden", "http://127.0.0.1:1");
    expect(elsewhere).toMatch(/^fail: signed URLs lead to 127\.0\.0\.1:1: .*S3_PUBLIC_ENDPOINT/);
    // a proxy that passes requests on under its own name changes them
    const proxy = await startProxy(rgw.endpoint);
    const renamed = await found("hidden", proxy.url);
    await proxy.stop();
    expect(renamed).toMatch(/^fail: 403 SignatureDoesNotMatch from .*Host/);
    expect(elsewhere + renamed).not.toMatch(/X-Amz-/i);
    expect(await found("fresh")).toMatch(/^warn: variants can also be read without a signature/);
  });

  it("names wrong keys, and what is public and should not be", async () => {
    const secret = await doctor({ ...asService, AWS_SECRET_ACCESS_KEY: "wrong" });
    expect(secret.found["list fresh"]).toMatch(/^fail: the store refuses the signature/);
    const key = await doctor({ ...asService, AWS_ACCESS_KEY_ID: "nobody" });
    expect(key.found["list fresh"]).toMatch(/^fail: the store does not know the access key/);
    expect([secret.code, key.code]).toEqual([1, 1]);
    const open = ["setup", "--apply", "--access", "public", "--public-originals", "--user", "svc"];
    await runCli(open, { environment: asOwner });
    const { found } = await doctor(asService);
    expect(found["originals are private"]).toMatch(/^warn: .* read .*without --public-originals/);
  });

  it("finds that the owner can write, too, whatever was asked for before", async () => {
    const mine = { ...asOwner, S3_BUCKET: "mine", PUBLIC_URL: `${rgw.endpoint}/mine` };
    await rgw.createBucket("mine");
    for (const access of ["private", "public"]) {
      await runCli(["setup", "--apply", "--access", access], { environment: mine });
      const { PUBLIC_URL, ...hidden } = mine;
      const { code, found } = await doctor(
        access === "public" ? { ...hidden, PUBLIC_URL } : hidden,
      );
      expect([access, code, found["write variants"]]).toEqual([
        access,
        0,
        "ok: objects can be written below variants/",
      ]);
    }
    const all = { BlockPublicAcls: true, IgnorePublicAcls: true };
    await owner.send(
      new PutPublicAccessBlockCommand({ Bucket: "mine", PublicAccessBlockConfiguration: all }),
    );
    const { found } = await doctor(mine);
    expect(found["write variants"]).toMatch(/^fail: nothing .*BlockPublicAcls.*setup --apply/);
    await runCli(["setup", "--apply", "--access", "public"], { environment: mine });
    expect((await doctor(mine)).code).toBe(0);
  }, 60_000);

  it("reads rules as the gateway does, and knows what it does not know of versions", async () => {
    const Bucket = "site";
    const site = { ...asOwner, S3_BUCKET: Bucket, PUBLIC_URL: `${rgw.endpoint}/${Bucket}` };
    await rgw.createBucket(Bucket);
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await owner.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const Condition = { HttpErrorCodeReturnedEquals: "404" };
    const theirs = { Condition, Redirect: { HostName: "a.example", HttpRedirectCode: "301" } };
    const WebsiteConfiguration = { IndexDocument: { Suffix: "a" }, RoutingRules: [theirs] };
    await owner.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
    const args = "setup --apply --access public --website --service http://127.0.0.1:1".split(" ");
    await runCli(args, { environment: site });
    const { found } = await doctor(site);
    expect(found["website rules"]).toBe("ok: 403 and 404 are redirected to the service");
    expect(found["conditional writes"]).toMatch(/^warn: .*on Ceph a bucket without versions/);
  });

  it("names a bucket that is not public any more, and rights that are lacking", async () => {
    const close = ["setup", "--apply", "--principal", "arn:aws:iam:::user/x"];
    await runCli(close, { environment: asOwner });
    const denied = await doctor(asService);
    expect(denied.code).toBe(1);
    expect(denied.found).toMatchObject({
      "list fresh": expect.stringMatching(/^fail: .*s3:ListBucket/) as string,
      "write variants": expect.stringMatching(/^fail: .*s3:PutObject.* Deny/) as string,
    });
    const blocked = await doctor(asOwner);
    expect(blocked.found["public URL"]).toMatch(/^fail: 403: visitors may not read variants/);
  });
});
