import { readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  eraseLocation,
  EXIF_SEGMENT,
  insertSegments,
  XMP_SEGMENT,
} from "../support/image/metadata.ts";
import { drawPhoto, drawQuadrants } from "../support/images.ts";
import type { TestServer } from "../support/service/server.ts";
import {
  childrenOf,
  createFolders,
  readMetric,
  send,
  startTestServer,
  until,
} from "../support/service/server.ts";

let photo: Buffer;
let large: Buffer;
let folders: Awaited<ReturnType<typeof createFolders>>;
let server: TestServer;

beforeAll(async () => {
  photo = await drawPhoto(1200, 800);
  large = await drawPhoto(2400, 1800);
});

beforeEach(async () => {
  const alpha = await drawQuadrants(100, 100).png().toBuffer();
  folders = await createFolders({ "photo.jpg": photo, "large.jpg": large, "a b.png": alpha });
});

afterEach(async () => {
  await server.stop();
  await folders.remove();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const { originals, variants } = folders;
  server = await startTestServer({
    ORIGINALS_DIR: originals,
    VARIANTS_DIR: variants,
    ...environment,
  });
  return server;
}

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(server.url + path, { redirect: "manual", ...init });
}

/** Waits until a path answers with this status, and gives the answer. */
function untilStatus(path: string, status: number): Promise<Response> {
  return until(async () => {
    const answer = await get(path);
    return answer.status === status && answer;
  });
}

describe("startServer", () => {
  it("runs the whole cycle: made, redirected, the same bytes, and still after a restart", async () => {
    await start();
    const made = await get("/w_200/photo.jpg");
    expect(made.status).toBe(200);
    const bytes = Buffer.from(await made.arrayBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 200, height: 133 });
    await server.stop();
    await start();
    const hit = await get("/w_200/photo.jpg");
    expect(hit.status).toBe(302);
    const stored = await get(hit.headers.get("location") ?? "");
    expect(Buffer.from(await stored.arrayBuffer()).equals(bytes)).toBe(true);
    expect(await readMetric(server.url, "shift_media_transform_seconds_count")).toBe(0);
    const file = join(folders.variants, "variants/1/photo.jpg/w_200.jpg");
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it("gives originals out without the locations in their metadata", async () => {
    const { originals } = folders;
    const place = insertSegments(photo, [EXIF_SEGMENT, XMP_SEGMENT]);
    const erased = Buffer.from(place);
    eraseLocation(erased);
    await writeFile(join(originals, "place.jpg"), place);
    await start();
    const whole = await get("/place.jpg");
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(erased);
    const etag = whole.headers.get("etag") ?? "";
    const head = await get("/place.jpg", { method: "HEAD" });
    expect(head.headers.get("etag")).toBe(etag);
    expect(head.headers.get("content-length")).toBe(String(place.length));
    const part = await get("/place.jpg", { headers: { range: "bytes=10-299", "if-range": etag } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(erased.subarray(10, 300));
    expect((await get("/place.jpg", { headers: { "if-none-match": etag } })).status).toBe(304);
  });

  it("answers 300 requests for 30 variants with one transform each, and no failure", async () => {
    await start({
      QUEUE_WAIT_MS: "30000",
      TRANSFORM_TIMEOUT_MS: "30000",
      REQUEST_TIMEOUT_MS: "60000",
    });
    const paths = Array.from({ length: 300 }, (_, n) => `/w_${100 + (n % 30)}/photo.jpg`);
    const answers = await Promise.all(
      paths.map(async (path) => {
        const answer = await get(path);
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    expect(answers.filter((status) => status !== 200 && status !== 302)).toEqual([]);
    expect(await readMetric(server.url, "shift_media_transform_seconds_count")).toBe(30);
    expect(await readMetric(server.url, "shift_media_fetches_total")).toBeLessThanOrEqual(30);
    expect(await readMetric(server.url, "shift_media_joins_total")).toBeGreaterThan(0);
  });

  it("makes an image though its image process is killed while it does so", async () => {
    await start({ POOL_SIZE: "1" });
    const slow = get("/w_1600,f_avif/large.jpg");
    await until(async () => (await readMetric(server.url, "shift_media_children_busy")) > 0);
    for (const pid of childrenOf(process.pid)) process.kill(pid, "SIGKILL");
    const answer = await slow;
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    expect((await get("/w_201/photo.jpg")).status).toBe(200);
    expect(await readMetric(server.url, "shift_media_children")).toBeGreaterThan(0);
  });

  it("shows a replaced original after the TTL, and a deleted one as missing", async () => {
    await start({ FRESHNESS_TTL_SECONDS: "1" });
    await get("/w_50/photo.jpg");
    const old = (await untilStatus("/w_50/photo.jpg", 302)).headers.get("location");
    await writeFile(join(folders.originals, "photo.jpg"), await drawPhoto(600, 600));
    await until(async () => {
      const { status, headers } = await get("/w_50/photo.jpg");
      return status === 302 && headers.get("location") !== old;
    });
    const replaced = await fetch(`${server.url}/w_50/photo.jpg`);
    const { height } = await sharp(Buffer.from(await replaced.arrayBuffer())).metadata();
    expect(height).toBe(50);
    await rm(join(folders.originals, "photo.jpg"));
    await untilStatus("/w_50/photo.jpg", 404);
  });

  it("finishes what is under way before it stops, and says that it is not ready", async () => {
    await start({ STOP_DELAY_MS: "300" });
    const slow = get("/w_1600,f_avif/large.jpg");
    await until(async () => (await readMetric(server.url, "shift_media_children_busy")) > 0);
    const stopped = server.stop();
    expect((await get("/readyz")).status).toBe(503);
    const answer = await slow;
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    expect(await stopped).toBe(true);
    const file = join(folders.variants, "variants/1/large.jpg/w_1600.avif");
    expect((await sharp(await readFile(file)).metadata()).width).toBe(1600);
    await expect(get("/healthz")).rejects.toThrow("fetch failed");
  });

  it("is not kept from stopping by connections that ask nothing", async () => {
    await start();
    const { port } = new URL(server.url);
    const silent = connect(Number(port), "127.0.0.1");
    const half = connect(Number(port), "127.0.0.1");
    for (const socket of [silent, half]) socket.on("error", () => {}); // it may be reset
    half.write("GET /w_20/pho");
    await Promise.all([once(silent, "connect"), once(half, "connect")]);
    expect(await server.stop()).toBe(true); // and false once the drain has taken its 25 s
  });

  it("sends an answer to its end before it stops, however slowly it is taken", async () => {
    await start();
    const path = "/w_2000,f_png/large.jpg";
    const whole = (await (await get(path)).arrayBuffer()).byteLength;
    expect(whole).toBeGreaterThan(5_000_000); // more than what lies in the buffers of a connection
    const { port } = new URL(server.url);
    const slow = connect(Number(port), "127.0.0.1");
    slow.write(`GET /variants/1/large.jpg/w_2000.png HTTP/1.1\r\nHost: x\r\n\r\n`);
    let received = 0;
    slow.on("data", (chunk: Buffer) => {
      received += chunk.length;
      slow.pause();
      setTimeout(() => slow.resume(), 5);
    });
    await once(slow, "data");
    const stopped = server.stop();
    await once(slow, "close");
    expect(received).toBeGreaterThan(whole);
    expect(await stopped).toBe(true);
  });

  it("answers 503 at once when the queue is full, and hits all the same", async () => {
    await start({ POOL_SIZE: "1", QUEUE_PER_CHILD: "1" });
    await (await get("/w_10/photo.jpg")).arrayBuffer();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => get(`/w_${700 + n},f_avif/large.jpg`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(503);
    expect(statuses).toContain(200);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect((await get("/w_10/photo.jpg")).status).toBe(302);
  });

  it("makes images in its own process with a pool of size 0", async () => {
    await start({ POOL_SIZE: "0" });
    expect((await get("/w_70/a%20b.png")).status).toBe(200);
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it("serves under a base path", async () => {
    await start({ BASE_PATH: "/i" });
    expect(server.url).toMatch(/\/i$/);
    expect((await get("/w_20/photo.jpg")).status).toBe(200);
    const hit = await untilStatus("/w_20/photo.jpg", 302);
    expect(hit.headers.get("location")).toMatch(/^\/i\/variants\/1\//);
  });

  it("answers whatever is on the wire, and never with a 5xx", async () => {
    await start();
    const host = "HTTP/1.1\nHost: x\nConnection: close";
    const answers = {
      [`GET /w_20/../../etc/passwd ${host}\n\n`]: "400",
      "GET /w_20/photo.jpg HTTP/1.0\n\n": "200",
      "GET /healthz HTTP/1.0\n\n": "200",
      [`GET http://evil.example/w_20/photo.jpg ${host}\n\n`]: "400",
      [`GET /w_20\\photo.jpg ${host}\n\n`]: "400",
      [`GET w_20/photo.jpg ${host}\n\n`]: "400",
      "GET /w_20/photo.jpg HTTP/1.1\nHost: a b\nConnection: close\n\n": "400",
      [`OPTIONS * ${host}\n\n`]: "400",
      [`OPTIONS /w_20/photo.jpg ${host}\n\n`]: "204",
      [`BREW /w_20/photo.jpg ${host}\n\n`]: "400",
      [`PATCH /w_20/photo.jpg ${host}\nContent-Length: 3\n\nabc`]: "405",
      [`GET /w_20/photo.jpg ${host}\nContent-Length: 3\nTransfer-Encoding: chunked\n\n`]: "400",
      [`GET /healthz ${host}\nContent-Length: 0\n\n`]: "200",
      [`GET /${"a".repeat(2100)} ${host}\n\n`]: "400",
      [`GET /${"a".repeat(20_000)} ${host}\n\n`]: "431",
    };
    for (const [raw, status] of Object.entries(answers)) {
      expect([raw.slice(0, 80), (await send(server.url, raw)).split(" ")[1]]).toEqual([
        raw.slice(0, 80),
        status,
      ]);
    }
  });

  it("closes a connection on which it is in doubt where a request ends, and whose it is", async () => {
    await start();
    await (await get("/w_20/photo.jpg")).arrayBuffer();
    await untilStatus("/w_20/photo.jpg", 302); // from now on it is answered from memory
    const next = "GET /healthz HTTP/1.1\nHost: x\n\n";
    for (const odd of [
      "Host: x\nContent-Length: 3\n\nabc",
      `Host: x\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n`,
      "Host: x\nTransfer-Encoding: xchunked\n\n",
      "Host: x\nHost: y\n\n",
      "Host: a b\n\n",
      "Host: a/b\n\n",
    ]) {
      const answers = await send(server.url, `GET /w_20/photo.jpg HTTP/1.1\n${odd}${next}`);
      expect([odd, answers.match(/HTTP\/1.1 \d+/g)]).toEqual([odd, ["HTTP/1.1 400"]]);
      expect(answers.toLowerCase()).toContain("connection: close");
      expect(answers).toContain("no-store");
    }
    expect((await get("/w_20/photo.jpg")).status).toBe(302);
  });

  it("has a listener for metrics alone, which asks for no token", async () => {
    await start({ METRICS_PORT: "0" });
    const metrics = await fetch(server.metricsUrl ?? "");
    expect([metrics.status, metrics.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/plain"),
    ]);
    expect(await metrics.text()).toContain("shift_media_children 2");
    for (const path of ["/healthz", "/-/metrics", "/w_20/photo.jpg", "/metrics/../healthz"]) {
      const { origin } = new URL(server.metricsUrl ?? "");
      expect((await fetch(origin + path)).status).toBe(404);
    }
    expect((await get("/metrics")).status).toBe(404);
    await server.stop();
    await expect(fetch(server.metricsUrl ?? "")).rejects.toThrow("fetch failed");
    await start();
    expect(server.metricsUrl).toBeUndefined();
  });

  it("has no more connections than MAX_CONNECTIONS says", async () => {
    await start({ MAX_CONNECTIONS: "1" });
    const { port } = new URL(server.url);
    const [first, second] = [1, 2].map(() => connect(Number(port), "127.0.0.1"));
    second?.on("error", () => {}); // it may be reset
    await until(async () => second?.closed === true);
    expect(first?.closed).toBe(false);
    first?.destroy();
  });

  it("sends one Content-Length, and none of the body to HEAD", async () => {
    await start();
    const answer = await send(
      server.url,
      "HEAD /w_20/photo.jpg HTTP/1.1\nHost: x\nConnection: close\n\n",
    );
    const [head = "", body] = answer.split("\r\n\r\n");
    expect(head.toLowerCase().match(/content-length: [1-9]\d*/g)).toHaveLength(1);
    expect(head.toLowerCase()).not.toContain("transfer-encoding");
    expect(body).toBe("");
  });
});
