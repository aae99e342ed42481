import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Edge } from "../../support/programs/edge.ts";
import { startEdge } from "../../support/programs/edge.ts";
import { drawQuadrants } from "../../support/images.ts";
import { findPort } from "../../support/service/ports.ts";
import { chooseRows } from "../../support/runs.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";
import { REFUSED, STORED } from "../../support/url/vectors.ts";

const SECRET = "0123456789abcdef-edge";
const PRESETS = "thumb=w_150,h_150,c_fill,g_auto";
const COMMON = { POLICY: "open", PRESETS, SIGNING_SECRETS: SECRET };
/** The part of an answer that both must give word for word. */
const SAME = [
  "content-type",
  "content-length",
  "content-disposition",
  "etag",
  "vary",
  "cache-control",
  "cache-tag",
  "x-content-type-options",
  "cross-origin-resource-policy",
  "access-control-allow-origin",
  "content-security-policy",
];

let edge: Edge;
let service: TestServer;
let port: number;

function startService(variables: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  return startTestServer({
    ...COMMON,
    ...edge.bucketEnvironment,
    DELIVERY: "stream",
    PORT: String(port),
    QUEUE_WAIT_MS: "20000",
    ...variables,
  });
}

beforeAll(async () => {
  port = await findPort();
  edge = await startEdge({ ...COMMON, ORIGIN_URL: `http://127.0.0.1:${port}` });
  for (const [name, value] of Object.entries(edge.bucketEnvironment)) vi.stubEnv(name, value);
  const photo = await drawQuadrants(600, 400).jpeg().toBuffer();
  const keys = STORED.map(([, name]) => name.slice(0, name.lastIndexOf("/")));
  for (const key of new Set([...keys, "photo.jpg"])) {
    await (await edge.originals()).put(key, new Uint8Array(photo));
  }
  service = await startService();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await service.stop();
  await edge.stop();
});

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly bytes: Buffer;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function see(base: string, target: string, init: Asking = {}): Promise<Seen> {
  // workerd compresses JSON for those who take it
  const headers = { ...init.headers, "accept-encoding": "identity" };
  const response = await fetch(base + target, { redirect: "manual", ...init, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const said = SAME.map((name) => [name, response.headers.get(name)] as const);
  return { status: response.status, headers: Object.fromEntries(said), bytes };
}

function origin(): string {
  return `http://127.0.0.1:${port}`;
}

async function isStored(key: string): Promise<boolean> {
  return until(async () => (await (await edge.variants()).head(key)) !== null);
}

describe("the Worker", () => {
  it("answers each vector of the grammar as the service does, at first and from the bucket", async () => {
    const headers = { accept: "image/webp,*/*" };
    for (const [target, name] of chooseRows(STORED, 9)) {
      const first = await see(edge.url, target, { headers });
      await isStored(`variants/1/${name}`);
      const hit = await see(edge.url, target, { headers });
      const direct = await see(origin(), target, { headers });
      expect([target, first]).toEqual([target, direct]);
      expect([target, hit]).toEqual([target, direct]);
      expect(direct.status).toBe(200);
    }
  });

  it("refuses as the service does", async () => {
    for (const [target] of REFUSED) {
      const asked = await see(edge.url, target);
      expect([target, asked.status, asked.bytes.toString(), asked.headers]).toEqual(
        Object.values({ target, ...pick(await see(origin(), target)) }),
      );
    }
  });

  it.each([
    ["a range", { range: "bytes=0-9" }, 206],
    ["the end", { range: "bytes=-5" }, 206],
    ["a range beyond", { range: "bytes=9999999-" }, 416],
    ["another precondition", { "if-match": '"other"' }, 412],
    ["any version", { "if-none-match": "*" }, 304],
  ] as const)("answers %s as the service does", async (_, headers, status) => {
    const target = "/w_120/photo.jpg";
    await see(edge.url, target);
    await isStored("variants/1/photo.jpg/w_120.jpg");
    const hit = await see(edge.url, target, { headers });
    expect(hit).toEqual(await see(origin(), target, { headers }));
    expect(hit.status).toBe(status);
    const head = await see(edge.url, target, { method: "HEAD" });
    expect(head).toEqual(await see(origin(), target, { method: "HEAD" }));
  });

  it("answers a range of what is being made", async () => {
    const part = await see(edge.url, "/w_121/photo.jpg", { headers: { range: "bytes=0-1" } });
    expect([part.status, part.bytes]).toEqual([206, Buffer.from([0xff, 0xd8])]);
  });

  it("goes by signatures", async () => {
    const bad = await see(edge.url, `/s--${"A".repeat(43)}--/w_50/photo.jpg`);
    expect([bad.status, JSON.parse(bad.bytes.toString()).code]).toEqual([403, "invalid_signature"]);
  });

  it("keeps operators' routes to the service", async () => {
    expect((await see(edge.url, "/-/metrics")).status).toBe(404);
    expect((await see(edge.url, "/healthz")).bytes.toString()).toBe("ok\n");
  });

  it("has a variant made anew behind the answer when its original is replaced", async () => {
    await edge.set({ FRESHNESS_TTL_SECONDS: "1", WITH_ORIGINALS: "1" });
    const target = "/w_77/photo.jpg";
    await see(edge.url, target);
    const key = "variants/1/photo.jpg/w_77.jpg";
    await isStored(key);
    const before = (await (await edge.variants()).head(key))?.customMetadata?.["source-etag"];
    const other = await sharp(Buffer.alloc(3 * 90 * 90), {
      raw: { width: 90, height: 90, channels: 3 },
    })
      .jpeg()
      .toBuffer();
    await (await edge.originals()).put("photo.jpg", new Uint8Array(other));
    await service.stop();
    service = await startService({ FRESHNESS_TTL_SECONDS: "1" });
    await until(async () => {
      await see(edge.url, target);
      return (await (await edge.variants()).head(key))?.customMetadata?.["source-etag"] !== before;
    });
    await edge.set({});
  });

  it("answers from the bucket while the service is down, and else says so", async () => {
    const target = "/w_130/photo.jpg";
    await see(edge.url, target);
    await isStored("variants/1/photo.jpg/w_130.jpg");
    await service.stop();
    expect((await see(edge.url, target)).status).toBe(200);
    const missing = await see(edge.url, "/w_131/photo.jpg");
    expect([missing.status, JSON.parse(missing.bytes.toString())]).toEqual([
      502,
      { code: "store_failed", message: expect.stringContaining("does not answer") as string },
    ]);
    // the bucket has lost it, and Cloudflare's cache has not
    await (await edge.variants()).delete("variants/1/photo.jpg/w_130.jpg");
    expect((await see(edge.url, target)).status).toBe(200);
  });

  it("says what is wrong with its configuration", async () => {
    await edge.set({ POLICY: "everything", CACHE_SHORT_SECONDS: "x" });
    const answer = await see(edge.url, "/w_1/a.jpg");
    expect(answer.status).toBe(500);
    expect(answer.bytes.toString()).toContain("POLICY must be a list of");
    expect(answer.bytes.toString()).toContain("CACHE_SHORT_SECONDS must be an integer");
  });
});

function pick({ status, bytes, headers }: Seen): Readonly<Record<string, unknown>> {
  return { status, text: bytes.toString(), headers };
}
