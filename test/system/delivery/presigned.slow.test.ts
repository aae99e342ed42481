import type { IncomingHttpHeaders } from "node:http";
import { request as requestRaw } from "node:http";
import { buffer } from "node:stream/consumers";
import type { S3Client } from "@aws-sdk/client-s3";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { VariantRequest } from "../../../src/request/request.ts";
import { PresignedUrls } from "../../../src/media/variants/presigned-urls.ts";
import { createPresign } from "../../../src/store/s3/connection.ts";
import { useS3 } from "../../support/s3/environment.ts";
import { drawPhoto } from "../../support/images.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { TestServer } from "../../support/service/server.ts";
import { readMetric, startTestServer, until } from "../../support/service/server.ts";

let rgw: Rgw;
let client: S3Client;
let server: TestServer | undefined;

interface Raw {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Of the gateway, by whatever name it is called: not every machine knows names below `localhost`. */
function ask(target: string): Promise<Raw> {
  const { host, port, pathname, search } = new URL(target);
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port, path: pathname + search };
    requestRaw({ ...where, agent: false, headers: { host } }, (response) => {
      const { statusCode: status = 0, headers } = response;
      buffer(response).then((body) => resolve({ status, headers, body }), reject);
    })
      .on("error", reject)
      .end();
  });
}

describe.skipIf(!hasRgw())("presigned delivery", () => {
  beforeAll(async () => {
    rgw = await startRgw();
    ({ client } = rgw);
    await rgw.createBucket("private");
    const Body = await drawPhoto(300, 200);
    await client.send(new PutObjectCommand({ Bucket: "private", Key: "a b.jpg", Body }));
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

  it.each([
    ["the bucket in the path", "true", "localhost", "/private/variants/"],
    ["a host for each bucket", "false", "private.localhost", "/variants/"],
  ])("leads to the endpoint that visitors know: %s", async (_, pathStyle, host, path) => {
    // S3 is asked by its address, which has no names before it in any case
    server = await startTestServer({
      S3_BUCKET: "private",
      POLICY: "open",
      POOL_SIZE: "1",
      S3_FORCE_PATH_STYLE: pathStyle,
      S3_PUBLIC_ENDPOINT: `http://localhost:${rgw.port}`,
    });
    const { url } = server;
    const target = `${url}/w_120/a%20b.jpg`;
    const bytes = await ask(`${url}/variants/1/a%20b.jpg/w_120.jpg`);
    await until(async () => (await readMetric(url, "shift_media_background")) === 0);
    const { status, headers } = await ask(target);
    expect(status).toBe(302);
    const location = new URL(headers.location ?? "");
    expect(location.host).toBe(`${host}:${rgw.port}`);
    expect(location.pathname.startsWith(path)).toBe(true);
    const answer = await ask(location.href);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/jpeg"]);
    expect(answer.body.equals(bytes.body)).toBe(true);
    // the host is signed, too
    expect((await ask(location.href.replace(host, "127.0.0.1"))).status).not.toBe(200);
  });

  // windows of some days, since a window has to begin at a multiple of its length
  it.each([
    ["half a window after it was given for the last time", 1.5, 200],
    ["when its second window is over", 2.01, 403],
  ])("gives URLs that are good for another window: %s", async (_, windows, status) => {
    await client.send(new PutObjectCommand({ Bucket: "private", Key: "kept", Body: "kept" }));
    const seconds = Math.floor(Date.now() / 1000);
    const count = 6000;
    const windowSeconds = Math.floor(seconds / (count + windows));
    const end = (count + 1) * windowSeconds * 1000 - 1;
    const urls = new PresignedUrls({
      presign: createPresign(client, "private"),
      windowSeconds,
      now: () => end,
    });
    const request: Pick<VariantRequest, "variantKey"> = { variantKey: "kept" };
    const info = { etag: '"1"', source: '"2"', recipe: 1, isFirstFrame: false, size: 4 };
    const wanted = { request: request as VariantRequest, info, method: "GET" }; // of which only the key is read
    const { url, givenUntil } = await urls.sign(wanted);
    expect(givenUntil).toBe(end + 1);
    expect((await ask(url)).status).toBe(status);
  });
});
