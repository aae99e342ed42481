import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { drawPhoto } from "../../support/images.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import { stayingSilent } from "../../support/s3/script.ts";
import { OPERATOR } from "../../support/service/app.ts";
import type { TestServer } from "../../support/service/server.ts";
import { readMetric, startTestServer, until } from "../../support/service/server.ts";

let s3: FaultyS3;
let server: TestServer;

beforeAll(async () => {
  s3 = await startFaultyS3();
  const [photo, large] = await Promise.all([drawPhoto(1200, 800), drawPhoto(2600, 1800)]);
  await s3.putOriginal("photo.jpg", photo);
  await s3.putOriginal("large.jpg", large);
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
    ...environment,
  });
}

/** A connection on which requests are written, and which goes when the test says so. */
async function ask(...lines: readonly string[]): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => undefined); // the server may end it too
  await once(socket, "connect");
  socket.write(lines.map((line) => `${line} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  return socket;
}

function metric(name: string): Promise<number> {
  return readMetric(server.url, `shift_media_${name}`);
}

async function status(path: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(server.url + path, { redirect: "manual", ...init });
  await answer.arrayBuffer();
  return answer.status;
}

function answeredGone(count: number): Promise<true> {
  return until(async () => {
    const gone = server.log.filter(({ fields }) => fields["status"] === 499);
    return gone.length >= count;
  });
}

async function isIdle(): Promise<boolean> {
  const gauges = ["children_busy", "queue", "background"].map(metric);
  return (await Promise.all(gauges)).every((value) => value === 0) && s3.pending() === 0;
}

/** Keeps the one image process busy. */
async function occupy(): Promise<Socket> {
  const socket = await ask("GET /w_2400,f_avif/large.jpg");
  await until(async () => (await metric("children_busy")) === 1);
  return socket;
}

describe("clients that go away", () => {
  it.each(["GET", "HEAD"])("end a %s that waits for the store", async (method) => {
    await start();
    s3.fail(/^GET originals\/photo/, { answer: stayingSilent });
    const client = await ask(`${method} /w_31/photo.jpg`);
    await until(async () => s3.count(/^GET originals\/photo/) > 0);
    client.destroy();
    await answeredGone(1);
    await until(isIdle);
    s3.heal();
    expect(await status("/w_31/photo.jpg")).toBe(200);
  });

  it("end the second request of a connection as well", async () => {
    await start();
    const client = await ask("GET /w_32/photo.jpg");
    await once(client, "data");
    s3.fail(/^GET originals\/large/, { answer: stayingSilent });
    client.write("GET /w_32/large.jpg HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(async () => s3.count(/^GET originals\/large/) > 0);
    client.destroy();
    await answeredGone(1);
    await until(isIdle);
  });

  it("leave the queue", async () => {
    await start();
    const first = await occupy();
    const waiting = await ask("GET /w_33/photo.jpg");
    await until(async () => (await metric("queue")) === 1);
    expect(await metric("children_busy")).toBe(1);
    waiting.destroy();
    await answeredGone(1);
    await once(first, "data");
    await until(isIdle);
    expect(await metric('transforms_total{format="avif"}')).toBe(1);
    expect(s3.count(/^PUT .*w_33/)).toBe(0);
    first.destroy();
  });

  it("do not have a variant made twice when they ask again", async () => {
    await start();
    const client = await ask("GET /w_1001,f_avif/large.jpg");
    await until(async () => (await metric("children_busy")) === 1);
    client.destroy();
    await answeredGone(1);
    expect(await status("/w_1001,f_avif/large.jpg")).toBe(200);
    await until(isIdle);
    expect(await metric("misses_total")).toBe(1);
    expect(s3.count(/^PUT .*w_1001/)).toBe(1);
  });

  it("leave a variant to those who wait for it too", async () => {
    await start();
    const client = await ask("GET /w_1002,f_avif/large.jpg");
    await until(async () => (await metric("children_busy")) === 1);
    const other = status("/w_1002,f_avif/large.jpg");
    await until(async () => (await metric("joins_total")) === 1);
    client.destroy();
    expect(await other).toBe(200);
    expect(await metric("misses_total")).toBe(1);
  });

  it("take the answers behind the one that they waited for with them", async () => {
    await start({ ANSWERS_IN_FLIGHT_BYTES: "200000" });
    const path = "/w_1100,f_png/photo.jpg";
    expect(await status(path)).toBe(200);
    await until(isIdle);
    s3.fail(/^HEAD originals\/large/, { answer: stayingSilent });
    const client = await ask("GET /w_35/large.jpg", "GET /w_36/large.jpg", `GET ${path}`);
    // bytes that one client does not take are not free for others
    await until(async () => (await status(path)) === 503);
    client.destroy();
    await answeredGone(2);
    expect(await status(path)).toBe(200);
  });

  it("leak nothing, three hundred of them", async () => {
    await start({ ORIGINALS_IN_FLIGHT_BYTES: "8000000", QUEUE_PER_CHILD: "400" });
    s3.fail(/^GET originals/, { answer: stayingSilent });
    const clients = Array.from({ length: 300 }, (_, index) =>
      ask(`GET /w_${100 + index}/${index % 2 ? "photo" : "large"}.jpg`),
    );
    const sockets = await Promise.all(clients);
    await until(async () => s3.count(/^HEAD originals\/large/) > 0);
    for (const socket of sockets) socket.destroy();
    await answeredGone(300);
    await until(isIdle);
    s3.heal();
    expect(await status("/w_34/large.jpg")).toBe(200);
    expect(await status("/w_34/photo.jpg")).toBe(200);
    expect(server.log.filter(({ fields }) => fields["code"] === "internal")).toEqual([]);
  });

  it("does not put a refusal into the answer that it interrupts", async () => {
    await start();
    const order = JSON.stringify({ keys: ["large.jpg"], transforms: ["w_20", "w_2390,f_avif"] });
    const client = await ask();
    let text = "";
    client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    client.write(
      [
        "POST /-/warm HTTP/1.1",
        "Host: x",
        `Authorization: ${OPERATOR.authorization}`,
        "Content-Type: application/json",
        `Content-Length: ${order.length}`,
        "",
        order,
      ].join("\r\n"),
    );
    await until(async () => text.includes('"made"'));
    client.write("\0 is no method\r\n\r\n");
    await once(client, "close");
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).not.toContain("HTTP/1.1 400");
  });
});
