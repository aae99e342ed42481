import type { IncomingHttpHeaders } from "node:http";
import { request as requestRaw } from "node:http";
import { buffer } from "node:stream/consumers";
import { HeadObjectCommand, PutBucketPolicyCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { useS3 } from "../../support/s3/environment.ts";
import { routeMisses } from "../../support/s3/public-bucket.ts";
import { drawPhoto } from "../../support/images.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { TestServer } from "../../support/service/server.ts";
import { readMetric, startTestServer, until } from "../../support/service/server.ts";

const NAME = "photos/a b+ü.jpg";
const PATH = "photos/a%20b%2B%C3%BC.jpg";
const VARIANT = `/variants/1/${PATH}/w_300.jpg`;

let rgw: Rgw;
let client: S3Client;
let server: TestServer | undefined;
let photo: Buffer;

interface Raw {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** With a `Host` of our own, on a connection of its own: its error pages break the next answer of one. */
function ask(url: string, host?: string): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, ...(host && { headers: { host } }) };
    requestRaw(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      buffer(response).then((body) => resolve({ status, headers, body }), reject);
    })
      .on("error", reject)
      .end();
  });
}

async function start(Bucket: string, environment: Record<string, string> = {}): Promise<string> {
  server = await startTestServer({
    S3_BUCKET: Bucket,
    S3_FORCE_PATH_STYLE: "true",
    ALLOW_UNSIGNED: "true",
    ...environment,
  });
  return server.url;
}

async function createBucket(name: string): Promise<void> {
  await rgw.createBucket(name);
  await client.send(new PutObjectCommand({ Bucket: name, Key: NAME, Body: photo }));
}

async function isKept(url: string): Promise<void> {
  await until(async () => (await readMetric(url, "shift_media_background")) === 0);
}

function view(path: string, bucket: string): Promise<Raw> {
  return ask(rgw.endpoint + path, rgw.websiteHost(bucket));
}

/** Where a redirect leads; Ceph writes the key as it is, without its escapes. */
function locationOf({ headers }: Raw): string {
  return Buffer.from(headers.location ?? "", "latin1").toString();
}

describe.skipIf(!hasRgw())("delivery with a real bucket", () => {
  beforeAll(async () => {
    [rgw, photo] = await Promise.all([startRgw(), drawPhoto(900, 600)]);
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
  });

  it("redirects to a presigned URL of a private bucket, the same one again", async () => {
    await createBucket("private");
    const url = await start("private");
    const made = await ask(`${url}/w_300/${PATH}`);
    expect(made.status).toBe(200);
    await isKept(url);
    const hit = await ask(`${url}/w_300/${PATH}`);
    expect(hit.status).toBe(302);
    expect(hit.headers["cache-control"]).toBe("public, max-age=60");
    const location = hit.headers.location ?? "";
    expect(new URL(location).searchParams.get("v")).toMatch(/^[\w-]{8}$/);
    expect((await ask(`${url}/w_300/${PATH}`)).headers.location).toBe(location);
    const target = await ask(location);
    expect(target.status).toBe(200);
    expect(target.body.equals(made.body)).toBe(true);
    expect(target.headers["content-type"]).toBe("image/jpeg");
    expect(target.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    // its version is part of what is signed, and without a signature nothing is given
    expect((await ask(location.replace(/([?&]v=)[\w-]+/, "$1other"))).status).toBe(403);
    expect((await ask(location.replace(/\?.*/, ""))).status).toBe(403);
    const head = await fetch(`${url}/w_300/${PATH}`, { method: "HEAD" });
    expect([head.status, head.redirected]).toEqual([200, true]);
    const logged = JSON.stringify(server?.log);
    expect(logged).not.toMatch(/X-Amz|Signature|owner-secret/i);
  });

  it("streams to a CDN, whole and in parts, before any bytes are at hand", async () => {
    await createBucket("behind-cdn");
    const url = await start("behind-cdn", { VARIANTS_CACHE_BYTES: "0" });
    const target = `${url}/w_300/${PATH}`;
    const made = await ask(target);
    await isKept(url);
    const headers = { via: "1.1 cdn", range: "bytes=10-19" };
    const part = await fetch(target, { headers, redirect: "manual" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 10-19/${made.body.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(made.body.subarray(10, 20))).toBe(true);
    const whole = await fetch(target, { headers: { via: "1.1 cdn" }, redirect: "manual" });
    expect(whole.headers.get("cache-control")).toBe("public, max-age=60");
    expect(Buffer.from(await whole.arrayBuffer()).equals(made.body)).toBe(true);
  });

  describe("bucket first", () => {
    const BUCKET = "website";
    const CACHE_STORED = "public, max-age=86400, stale-while-revalidate=604800";

    it("asks the service for what the bucket lacks, once", async () => {
      await createBucket(BUCKET);
      const settings = { CACHE_STORED, DELIVERY: "redirect", PUBLIC_URL: "http://never.example" };
      const url = await start(BUCKET, settings);
      await routeMisses(client, BUCKET, url);
      const missing = await view(VARIANT, BUCKET);
      expect(missing.status).toBe(302);
      expect(locationOf(missing)).toBe(`${url}/variants/1/${NAME}/w_300.jpg`);
      const made = await ask(url + VARIANT);
      expect([made.status, made.headers["cache-control"]]).toEqual([200, "public, max-age=60"]);
      expect((await sharp(made.body).metadata()).width).toBe(300);
      await isKept(url);
      const stored = await view(VARIANT, BUCKET);
      expect(stored.status).toBe(200);
      expect(stored.headers["cache-control"]).toBe(CACHE_STORED);
      expect(stored.body.equals(made.body)).toBe(true);
      // with a version in its key it never becomes another image
      const versioned = `w_300,v_7.jpg`;
      await ask(`${url}/variants/1/${PATH}/${versioned}`);
      await isKept(url);
      const Key = `variants/1/${NAME}/${versioned}`;
      const object = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
      expect(object.CacheControl).toBe("public, max-age=31536000, immutable");
    });

    it("ends where there is no original, and where nothing can be kept", async () => {
      const bucket = "website-faults";
      await createBucket(bucket);
      const user = await rgw.createUser("reader");
      const policy = [
        { Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${bucket}/*` },
        { Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${bucket}` },
      ].map((part) => ({ Effect: "Allow", Principal: "*", ...part }));
      vi.stubEnv("AWS_ACCESS_KEY_ID", user.accessKeyId);
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", user.secretAccessKey);
      try {
        await client.send(
          new PutBucketPolicyCommand({
            Bucket: bucket,
            Policy: JSON.stringify({ Version: "2012-10-17", Statement: policy }),
          }),
        );
        const url = await start(bucket, {
          ALLOW_UNSIGNED: "",
          POLICY: "allowed",
          ALLOWED_WIDTHS: "300",
        });
        expect((await ask(`${url}/variants/1/none.jpg/w_300.jpg`)).status).toBe(404);
        expect((await ask(`${url}/variants/1/${PATH}/w_301.jpg`)).status).toBe(403);
        for (let round = 0; round < 3; round += 1) {
          expect((await ask(url + VARIANT)).status).toBe(200);
          await isKept(url);
        }
        expect(await readMetric(url, "shift_media_write_failures_total")).toBeGreaterThan(0);
      } finally {
        vi.stubEnv("AWS_ACCESS_KEY_ID", rgw.credentials.accessKeyId);
        vi.stubEnv("AWS_SECRET_ACCESS_KEY", rgw.credentials.secretAccessKey);
      }
    });
  });
});
