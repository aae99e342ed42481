import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { applyPlan } from "../../../src/ops/setup/apply.ts";
import { createPlan } from "../../../src/ops/setup/plan.ts";
import { useS3 } from "../../support/s3/environment.ts";
import { drawPhoto } from "../../support/images.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { TestServer } from "../../support/service/server.ts";
import { readMetric, startTestServer, until } from "../../support/service/server.ts";
import { createBucketSpec } from "../../support/s3/bucket-spec.ts";

const KEY = "photos/cat.jpg";

let rgw: Rgw;
let client: S3Client;
let server: TestServer | undefined;
let folder: string;

interface View {
  /** Zero when nobody answered. */
  readonly status: number;
  readonly redirects: number;
  /** Where it came from, or should have. */
  readonly url: string;
  readonly body: Buffer;
  /** Of curl: 0 when all went well, 7 when a connection was refused, 47 after too many redirects. */
  readonly code: number;
}

/**
 * By curl, as a browser would go: through the website's redirect, whose host only curl is told of. Node's
 * parser of HTTP does not take this gateway's error pages.
 */
async function view(bucket: string, path: string): Promise<View> {
  const host = rgw.websiteHost(bucket);
  const [, port = ""] = host.split(":");
  const file = join(folder, "body");
  const write = "%{http_code} %{num_redirects} %{url_effective}";
  const common = ["-s", "-L", "--max-redirs", "5", "--max-time", "20", "--noproxy", "*"];
  const where = ["--resolve", `${host.replace(`:${port}`, "")}:${port}:127.0.0.1`];
  await rm(file, { force: true });
  const args = [...common, ...where, "-o", file, "-w", write, `http://${host}/${path}`];
  const { code, stdout } = await promisify(execFile)("curl", args).then(
    ({ stdout: text }) => ({ code: 0, stdout: text }),
    (error: { code: number; stdout: string }) => error,
  );
  const [status, redirects, url = ""] = stdout.split(" ");
  const body = await readFile(file).catch(() => Buffer.alloc(0));
  return { status: Number(status), redirects: Number(redirects), url, body, code };
}

async function start(Bucket: string, environment: Record<string, string>): Promise<string> {
  server = await startTestServer({
    S3_BUCKET: Bucket,
    CACHE_STORED: "public, max-age=86400",
    POOL_SIZE: "1",
    ...environment,
  });
  return server.url;
}

async function putOriginal(Bucket: string): Promise<void> {
  const Body = await drawPhoto(300, 200);
  await client.send(new PutObjectCommand({ Bucket, Key: KEY, Body }));
}

/** The bucket as `shift-media setup --website` makes it, with one original. */
async function setUp(bucket: string, service: string): Promise<void> {
  const place = { originals: { bucket, prefix: "" }, variants: { bucket, prefix: "variants/" } };
  const { steps } = createPlan(
    createBucketSpec({
      ...place,
      provider: "rgw",
      access: "public",
      region: rgw.region,
      endpoint: rgw.endpoint,
      website: { service, publicUrl: undefined },
    }),
  );
  for await (const { step, status, message: says } of applyPlan(steps, client)) {
    expect([step, status, says]).not.toContain("failed");
  }
}

async function isKept(url: string): Promise<void> {
  const { origin } = new URL(url);
  await until(async () => (await readMetric(origin, "shift_media_background")) === 0);
}

describe.skipIf(!hasRgw())("bucket first, with the rules of setup", () => {
  beforeAll(async () => {
    [rgw, folder] = await Promise.all([startRgw(), mkdtemp(join(tmpdir(), "shift-media-"))]);
    ({ client } = rgw);
    useS3(rgw);
  }, 60_000);

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await rgw.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(["", "/i"])(
    "has the service make what is missing, and the bucket answer the next view%s",
    async (base) => {
      const bucket = `media${base.replace("/", "-")}`;
      await rgw.createBucket(bucket);
      await putOriginal(bucket);
      const url = await start(bucket, { POLICY: "open", BASE_PATH: base });
      await setUp(bucket, url);
      const path = `variants/1/${KEY}/w_120.jpg`;
      const first = await view(bucket, path);
      expect(first).toMatchObject({ status: 200, redirects: 1, url: `${url}/${path}` });
      expect((await sharp(first.body).metadata()).width).toBe(120);
      await isKept(url);
      const second = await view(bucket, path);
      expect(second).toMatchObject({ status: 200, redirects: 0 });
      expect(second.body.equals(first.body)).toBe(true);
    },
  );

  it("goes in no circle: no original, what presets forbid, and a service that is down", async () => {
    const bucket = "faults";
    await rgw.createBucket(bucket);
    await putOriginal(bucket);
    const url = await start(bucket, { POLICY: "presets", PRESETS: "thumb=w_90,h_60" });
    await setUp(bucket, url);
    const preset = `variants/1/${KEY}/w_90,h_60.jpg`;
    expect(await view(bucket, preset)).toMatchObject({ status: 200, redirects: 1 });
    expect(await view(bucket, `variants/1/${KEY}/w_91.jpg`)).toMatchObject({
      status: 403,
      redirects: 1,
    });
    expect(await view(bucket, "variants/1/none.jpg/w_90,h_60.jpg")).toMatchObject({
      status: 404,
      redirects: 1,
    });
    await isKept(url);
    await server?.stop();
    server = undefined;
    const down = await view(bucket, `variants/1/${KEY}/w_45,h_30.jpg`);
    expect(down).toMatchObject({ code: 7, status: 302, redirects: 1 });
    // stored variants are answered all the same
    expect(await view(bucket, preset)).toMatchObject({ status: 200, redirects: 0 });
  });
});
