import { createHash } from "node:crypto";
import {
  S3Client,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { useS3 } from "../support/s3/environment.ts";
import { drawPhoto } from "../support/images.ts";
import type { S3Server } from "../support/s3/server.ts";
import { startS3Server } from "../support/s3/server.ts";
import type { TestServer } from "../support/service/server.ts";
import { readMetric, startTestServer, until } from "../support/service/server.ts";

let s3: S3Server;
let client: S3Client;
let server: TestServer;
let photo: Buffer;

beforeAll(async () => {
  [s3, photo] = await Promise.all([startS3Server(), drawPhoto(900, 600)]);
  client = new S3Client({
    ...s3,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  useS3(s3);
});

afterEach(async () => {
  await server.stop();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  client.destroy();
  await s3.stop();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startTestServer({
    S3_BUCKET: s3.originalsBucket,
    S3_FORCE_PATH_STYLE: "true",
    ALLOW_UNSIGNED: "true",
    ...environment,
  });
}

async function putOriginal(key: string, bytes: Uint8Array = photo): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: s3.originalsBucket, Key: key, Body: bytes }));
}

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(server.url + path, { redirect: "manual", ...init });
}

describe("startServer with S3", () => {
  it("makes and keeps a variant, and redirects to it, also after a restart", async () => {
    await putOriginal("photos/a b+c.jpg");
    const settings = { PUBLIC_URL: `${s3.publicUrl}/${s3.originalsBucket}` };
    await start(settings);
    const made = await get("/w_300,h_200/photos/a%20b+c.jpg");
    expect(made.status).toBe(200);
    const bytes = Buffer.from(await made.arrayBuffer());
    await server.stop();

    const Key = "variants/1/photos/a b+c.jpg/w_300,h_200.jpg";
    const stored = await client.send(new HeadObjectCommand({ Bucket: s3.originalsBucket, Key }));
    expect(stored).toMatchObject({
      ContentType: "image/jpeg",
      CacheControl: "public, max-age=31536000, immutable",
      ContentDisposition: `inline; filename="a_b_c.jpg"; filename*=UTF-8''a%20b%2Bc.jpg`,
      ContentLength: bytes.length,
      Metadata: {
        sha256: createHash("sha256").update(bytes).digest("hex"),
        spec: "w_300,h_200",
        recipe: expect.stringMatching(/^[1-9]\d*$/),
        "source-etag": `"${createHash("md5").update(photo).digest("hex")}"`,
        "cache-tag": expect.stringMatching(/^[\da-f]{16}$/),
      },
    });

    await start(settings);
    const hit = await get("/w_300,h_200/photos/a%20b+c.jpg");
    expect(hit.status).toBe(302);
    expect(await readMetric(server.url, "shift_media_transform_seconds_count")).toBe(0);
    const target = await fetch(hit.headers.get("location") ?? "");
    expect(target.headers.get("content-type")).toBe("image/jpeg");
    expect(Buffer.from(await target.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("streams when it is told to, from a bucket of variants of its own", async () => {
    await putOriginal("b.png");
    await start({ S3_VARIANTS_BUCKET: s3.variantsBucket, DELIVERY: "stream" });
    const head = await get("/w_40/b.png", { method: "HEAD" });
    expect(head.status).toBe(200);
    const Key = "variants/1/b.png/w_40.png";
    await client.send(new HeadObjectCommand({ Bucket: s3.variantsBucket, Key }));
    const hit = await get("/w_40/b.png");
    expect(hit.status).toBe(200);
    expect(hit.headers.get("etag")).toBe(head.headers.get("etag"));
    const { width } = await sharp(Buffer.from(await hit.arrayBuffer())).metadata();
    expect(width).toBe(40);
  });

  it("answers 404 for what is missing, and goes on when an original goes", async () => {
    await putOriginal("c.jpg");
    await start({ FRESHNESS_TTL_SECONDS: "1" });
    expect((await get("/w_3/nope.jpg")).status).toBe(404);
    await (await get("/w_3/c.jpg", { method: "HEAD" })).arrayBuffer();
    await client.send(new DeleteObjectCommand({ Bucket: s3.originalsBucket, Key: "c.jpg" }));
    await until(async () => (await get("/w_3/c.jpg")).status === 404);
    await server.stop();
    const Key = "variants/1/c.jpg/w_3.jpg";
    const gone = client.send(new HeadObjectCommand({ Bucket: s3.originalsBucket, Key }));
    await expect(gone).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });

  it("does not start when the bucket is not there", async () => {
    await expect(start({ S3_BUCKET: "nowhere" })).rejects.toMatchObject({ code: "store_failed" });
    await start();
  });
});
