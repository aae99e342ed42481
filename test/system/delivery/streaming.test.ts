import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { drawNoise } from "../../support/images.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import type { TestServer } from "../../support/service/server.ts";
import { readMetric, startTestServer, until } from "../../support/service/server.ts";

const TARGET = "/w_1000,f_png/noise.png";
const KEY = "variants/1/noise.png/w_1000.png";

let s3: FaultyS3;
let server: TestServer;
/** More than is read whole. */
let bytes: Buffer;
/** The part of the store's answer before the bytes. */
const HEAD = {
  "content-length": 2_500_000,
  etag: '"e"',
  "content-type": "image/png",
  "x-amz-meta-source-etag": '"e"',
  "x-amz-meta-sha256": "00",
};

beforeAll(async () => {
  s3 = await startFaultyS3();
  await s3.putOriginal("noise.png", await drawNoise(1000, 900));
  await s3.putOriginal("page.html", Buffer.from("<html>"));
  await start();
  bytes = Buffer.from(await (await fetch(server.url + TARGET)).arrayBuffer());
  await until(async () => (await readMetric(server.url, "shift_media_background")) === 0);
  await server.stop();
  expect(bytes.length).toBeGreaterThan(2_000_000);
});

afterEach(async () => {
  s3.heal();
  await server.stop();
});

afterAll(() => s3.stop());

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startTestServer({
    S3_BUCKET: s3.originalsBucket,
    S3_VARIANTS_BUCKET: s3.variantsBucket,
    ALLOW_UNSIGNED: "true",
    DELIVERY: "stream",
    POOL_SIZE: "1",
    ORIGINALS: "allow",
    STORE_SOCKETS: "4",
    ...environment,
  });
}

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.url + path, { headers });
}

async function bodyOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

async function storedBytes(): Promise<Buffer> {
  const command = new GetObjectCommand({ Bucket: s3.variantsBucket, Key: KEY });
  return buffer((await s3.client.send(command)).Body as Readable);
}

describe("a large variant", () => {
  it("is sent as it is read, whole and in parts", async () => {
    await start();
    const whole = await get(TARGET);
    expect(whole.headers.get("accept-ranges")).toBe("bytes");
    expect((await bodyOf(whole)).equals(bytes)).toBe(true);
    const etag = whole.headers.get("etag") ?? "";
    const size = bytes.length;
    for (const [range, first, last] of [
      ["bytes=0-0", 0, 0],
      ["bytes=1000000-1999999", 1_000_000, 1_999_999],
      ["bytes=-7", size - 7, size - 1],
    ] as const) {
      const part = await get(TARGET, { range, "if-range": etag });
      expect([part.status, part.headers.get("content-range")]).toEqual([
        206,
        `bytes ${first}-${last}/${size}`,
      ]);
      expect((await bodyOf(part)).equals(bytes.subarray(first, last + 1))).toBe(true);
    }
    expect((await get(TARGET, { range: `bytes=${size}-` })).status).toBe(416);
    expect((await get(TARGET, { "if-match": '"x"' })).status).toBe(412);
    expect(s3.count(/^GET variants.variants.1/)).toBe(4);
  });

  it("lets go of the store when its client goes", async () => {
    await start();
    await get(TARGET, { range: "bytes=0-0" }).then(bodyOf);
    s3.fail(/^GET variants/, {
      answer: (response) => void response.writeHead(200, HEAD).write(bytes.subarray(0, 500_000)),
    });
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET ${TARGET} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, "readable");
    expect(s3.pending()).toBe(1);
    socket.destroy();
    await until(async () => s3.pending() === 0);
  });

  it("never looks whole when the store breaks off, or what it has is damaged", async () => {
    await start();
    await get(TARGET, { range: "bytes=0-0" }).then(bodyOf);
    s3.fail(/^GET variants/, {
      times: 1,
      answer: (response) => {
        response.writeHead(200, HEAD);
        response.write(bytes.subarray(0, 500_000), () => response.socket?.destroy());
      },
    });
    await expect(get(TARGET).then(bodyOf)).rejects.toThrow();
    await server.stop();
    await start();
    const wrong = Buffer.from(bytes);
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
    const command = new GetObjectCommand({ Bucket: s3.variantsBucket, Key: KEY });
    const { Metadata = {} } = await s3.client.send(command);
    const damaged = { Body: wrong, ContentType: "image/png", Metadata };
    await s3.client.send(new PutObjectCommand({ Bucket: s3.variantsBucket, Key: KEY, ...damaged }));
    await expect(get(TARGET).then(bodyOf)).rejects.toThrow();
    expect((await bodyOf(await get(TARGET))).equals(bytes)).toBe(true);
    await until(async () => (await readMetric(server.url, "shift_media_background")) === 0);
    expect((await storedBytes()).equals(bytes)).toBe(true);
  });

  it("is a 5xx while nothing of it was sent", async () => {
    await start({ STORE_TIMEOUT_MS: "300", REQUEST_TIMEOUT_MS: "600" });
    await get(TARGET, { range: "bytes=0-0" }).then(bodyOf);
    s3.fail(/^GET variants/, { answer: () => undefined });
    expect((await get(TARGET)).status).toBe(504);
    s3.heal();
    s3.fail(/^GET variants/, { answer: (response) => response.writeHead(500).end() });
    expect((await get(TARGET)).status).toBe(502);
  });
});

describe("an original", () => {
  it("is sent as it is read, whole and in parts", async () => {
    await start();
    const whole = await get("/noise.png");
    expect(whole.headers.get("content-type")).toBe("image/png");
    const original = await bodyOf(whole);
    const etag = whole.headers.get("etag") ?? "";
    const part = await get("/noise.png", { range: "bytes=100-199", "if-range": etag });
    expect([part.status, part.headers.get("content-type")]).toEqual([206, "image/png"]);
    expect((await bodyOf(part)).equals(original.subarray(100, 200))).toBe(true);
    expect((await get("/noise.png", { "if-none-match": etag })).status).toBe(304);
    expect((await get("/noise.png", { "if-match": '"x"' })).status).toBe(412);
    expect((await get("/noise.png", { range: "bytes=99999999-" })).status).toBe(416);
    const head = await fetch(`${server.url}/noise.png`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(original.length));
    for (const headers of [{}, { range: "bytes=1-3" }]) {
      expect((await get("/page.html", headers)).status).toBe(415);
    }
    expect((await get("/none.png")).status).toBe(404);
  });
});
