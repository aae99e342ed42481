import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toCacheTag } from "../../../src/url/cache-tag.ts";
import { runCli } from "../../support/service/cli.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { OPERATOR } from "../../support/service/app.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";

let image: Buffer;

beforeAll(async () => {
  image = await drawQuadrants(60, 40).png().toBuffer();
});

async function etagAt(server: TestServer | undefined): Promise<string> {
  const answer = await fetch(`${server?.url}/w_30/photos/a%20b%2Bc.png`, { redirect: "manual" });
  await answer.arrayBuffer();
  return answer.headers.get("etag") ?? String(answer.status);
}

describe("events and purges with S3", () => {
  let s3: S3Server;
  let client: S3Client;
  let environment: Readonly<Record<string, string>>;
  const servers: TestServer[] = [];

  beforeAll(async () => {
    s3 = await startS3Server();
    client = new S3Client({
      ...s3,
      forcePathStyle: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    environment = {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      S3_BUCKET: s3.originalsBucket,
      POLICY: "open",
      DELIVERY: "stream",
      FRESHNESS_TTL_SECONDS: "1",
      POOL_SIZE: "1",
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    for (const _ of [1, 2]) servers.push(await startTestServer(environment));
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    vi.unstubAllEnvs();
    client.destroy();
    await s3.stop();
  });

  async function put(bytes: Uint8Array): Promise<void> {
    const Key = "photos/a b+c.png";
    await client.send(new PutObjectCommand({ Bucket: s3.originalsBucket, Key, Body: bytes }));
  }

  function send(body: object): Promise<Response> {
    return fetch(`${servers[0]?.url}/-/events`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: OPERATOR,
    });
  }

  it("has one instance make anew at once what was replaced, and the other within the TTL", async () => {
    await put(image);
    const old = await etagAt(servers[0]);
    expect(await until(async () => (await etagAt(servers[1])) === old)).toBe(true);
    await put(await drawQuadrants(60, 40).negate().png().toBuffer());
    const answer = await send({
      EventName: "s3:ObjectCreated:Put",
      Key: `${s3.originalsBucket}/photos/a b+c.png`,
      Records: [
        {
          eventName: "s3:ObjectCreated:Put",
          s3: {
            bucket: { name: s3.originalsBucket },
            object: { key: "photos%2Fa+b%2Bc.png" },
          },
        },
      ],
    });
    expect(await answer.json()).toMatchObject({
      purged: [{ key: "photos/a b+c.png", variants: 1 }],
    });
    const fresh = await etagAt(servers[0]);
    expect(fresh).not.toBe(old);
    const both = await until(async () => (await etagAt(servers[1])) === fresh);
    expect(both).toBe(true);
  });

  it("does not purge for what the service has written, or for other buckets", async () => {
    const own = await send({
      action: "PutObject",
      bucket: s3.originalsBucket,
      object: { key: "variants/1/photos/a b+c.png/w_30.png" },
    });
    expect(await own.json()).toMatchObject({ purged: [], ignored: [{}] });
    const other = await send({
      action: "PutObject",
      bucket: "x",
      object: { key: "photos/a b+c.png" },
    });
    expect(await other.json()).toMatchObject({ purged: [], ignored: [{}] });
  });

  it("says that there is none when an original has been deleted", async () => {
    const Key = "photos/a b+c.png";
    await etagAt(servers[0]);
    await client.send(new DeleteObjectCommand({ Bucket: s3.originalsBucket, Key }));
    const detail = { bucket: { name: s3.originalsBucket }, object: { key: Key } };
    await send({ source: "aws.s3", "detail-type": "Object Deleted", detail });
    expect(await etagAt(servers[0])).toBe("404");
    await put(image);
    await send({ source: "aws.s3", "detail-type": "Object Created", detail });
    expect(await etagAt(servers[0])).not.toBe("404");
  });

  it("is done on the bucket by the command line", async () => {
    await until(
      async () =>
        (await runCli(["purge", "--prefix", "photos/", "--json", "--dry-run"], { environment }))
          .output !== "",
    );
    const { code, output } = await runCli(["purge", "photos/a b+c.png", "--json"], { environment });
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({
      key: "photos/a b+c.png",
      variants: ["variants/1/photos/a b+c.png/w_30.png"],
      cacheTag: toCacheTag("photos/a b+c.png"),
    });
  });
});
