import { request } from "node:http";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeKey } from "../../../src/url/percent.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { OPERATOR } from "../../support/service/app.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";

const KEYS = [
  "a.png",
  "a b+c.png",
  "x?response-content-type=text%2Fhtml.png",
  "ü#&=.png",
  "%2E.png",
];
const QUERIES = [
  "",
  "?response-content-type=text/html&response-content-disposition=attachment",
  "?X-Amz-Expires=604800&X-Amz-SignedHeaders=x&versionId=1",
  "?v=other&x-id=PutObject",
];

let s3: S3Server;
let server: TestServer;

beforeAll(async () => {
  s3 = await startS3Server();
  const client = createS3Client({ ...s3, forcePathStyle: true });
  const Body = await drawQuadrants(60, 40).png().toBuffer();
  for (const Key of KEYS) {
    await client.send(new PutObjectCommand({ Bucket: s3.originalsBucket, Key, Body }));
  }
  client.destroy();
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  })) {
    vi.stubEnv(name, value);
  }
  server = await startTestServer({
    S3_BUCKET: s3.originalsBucket,
    S3_VARIANTS_BUCKET: s3.variantsBucket,
    POLICY: "open",
    DELIVERY: "presigned",
    POOL_SIZE: "1",
  });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  await s3.stop();
});

interface Told {
  readonly status: number | undefined;
  readonly location: string;
  readonly headers: string;
}

function tell(
  path: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Told> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      response.resume();
      const { location = "", ...rest } = response.headers;
      resolve({ status: response.statusCode, location, headers: JSON.stringify(rest) });
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("a presigned URL", () => {
  it("is of the variant alone, whatever a client says beside its path", async () => {
    for (const [index, key] of KEYS.entries()) {
      const path = `/w_${index + 20}/${encodeKey(key)}`;
      await until(async () => (await tell(path, "GET", {})).status === 302);
      const given = new Set<string>();
      for (const query of QUERIES) {
        for (const headers of [
          {},
          { host: "evil.example" },
          { "x-forwarded-host": "evil.example", "x-amz-acl": "public-read" },
        ]) {
          const told = await tell(path + query, "GET", headers);
          expect([query, told.status]).toEqual([query, 302]);
          expect(told.headers).not.toContain("Signature");
          given.add(told.location);
        }
      }
      expect([key, given.size]).toEqual([key, 1]);
      const [location = ""] = given;
      const names = [...new URL(location).searchParams.keys()];
      expect(names.filter((name) => !/^(?:X-Amz-.*|v|x-id)$/.test(name))).toEqual([]);
      const fetched = await fetch(location);
      expect([key, fetched.status, fetched.headers.get("content-type")]).toEqual([
        key,
        200,
        "image/png",
      ]);
    }
  });

  it("is in no log, no metric and no explanation", async () => {
    const said = [
      JSON.stringify(server.log),
      await (await fetch(`${server.url}/-/metrics`, { headers: OPERATOR })).text(),
      await (await fetch(`${server.url}/w_20/a.png?explain`)).text(),
      await (await fetch(`${server.url}/w_0/a.png`)).text(),
      await (await fetch(`${server.url}/w_20/missing.png`)).text(),
    ];
    for (const text of said) {
      expect(text).not.toMatch(/X-Amz-|Signature/);
      expect(text).not.toContain(s3.credentials.secretAccessKey);
      expect(text).not.toContain(s3.credentials.accessKeyId);
    }
  });
});
