import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import type { Lambda } from "../../src/lambda/handlers.ts";
import { createLambda } from "../../src/lambda/handlers.ts";
import { createSigner } from "../../src/sign.ts";
import { encodeKey } from "../../src/url/percent.ts";
import { useS3 } from "../support/s3/environment.ts";
import { drawNoise, drawPhoto } from "../support/images.ts";
import type { Asked, Invoked } from "../support/service/lambda.ts";
import {
  askRaw,
  compared,
  contextOf,
  createRuntime,
  functionUrlEvent,
  httpApiEvent,
  invoke,
  invokeBuffered,
} from "../support/service/lambda.ts";
import type { S3Server } from "../support/s3/server.ts";
import { startS3Server } from "../support/s3/server.ts";
import type { TestServer } from "../support/service/server.ts";
import { startTestServer } from "../support/service/server.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const KEYS = ["a b+c.jpg", "ü/ö.png", "100%.png", "w_30/key.png", "x,y&z.png", "q?.jpg", "%41.jpg"];
const QUIET = { info: () => {}, warn: () => {}, error: () => {} };

let s3: S3Server;
let client: S3Client;
let server: TestServer;
let lambda: Lambda;

beforeAll(async () => {
  const [started, photo] = await Promise.all([startS3Server(), drawPhoto(120, 80)]);
  s3 = started;
  client = new S3Client({
    ...s3,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  vi.stubGlobal("awslambda", createRuntime());
  useS3(s3);
  await Promise.all(KEYS.map((key) => put(key, photo)));
  const policy = { POLICY: "open", SIGNING_SECRETS: SECRET };
  server = await startTestServer({ ...environment(policy), POOL_SIZE: "1", PAGE: "false" });
  lambda = await start(policy);
});

afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await server.stop();
  client.destroy();
  await s3.stop();
});

function environment(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    S3_BUCKET: s3.originalsBucket,
    S3_FORCE_PATH_STYLE: "true",
    DELIVERY: "stream",
    ...given,
  };
}

function start(given: Readonly<Record<string, string>> = { POLICY: "open" }): Promise<Lambda> {
  return createLambda(loadConfig({ ...environment(given), POOL_SIZE: "0" }), QUIET);
}

async function put(key: string, bytes: Uint8Array): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: s3.originalsBucket, Key: key, Body: bytes }));
}

async function isStored(key: string): Promise<boolean> {
  const stored = client.send(new HeadObjectCommand({ Bucket: s3.originalsBucket, Key: key }));
  return stored.then(
    () => true,
    () => false,
  );
}

function ask(target: string, asked?: Asked): Promise<Invoked> {
  return askRaw(server.url, target, asked);
}

const TARGETS = [
  ...KEYS.map((key) => `/w_20/_/${encodeKey(key)}`),
  "/w_21/a%20b+c.jpg",
  "/w_21%2Ch_10/%C3%BC%2F%C3%B6.png",
  "/variants/1/a%20b+c.jpg/w_22.webp",
  "/w_20/a%20b+c.jpg?v=00000000&x=%3F+",
  "/w_2O/a%20b+c.jpg",
  "/w_20/a/../a%20b+c.jpg",
  "/w_20/%2E%2E%2Fa.jpg",
  "/w_20//a.jpg",
  "/w_20/none.jpg",
  "/s--AAAAAAAAAAAAAAAAAAAAAA--/w_20/a%20b+c.jpg",
  "/healthz",
  "/",
];

describe("the handler of a function URL", () => {
  it.each(TARGETS)("answers %s as the service does", async (target) => {
    const expected = await ask(target);
    const answered = await invoke(lambda.handler, functionUrlEvent(target));
    expect(compared(answered)).toEqual(compared(expected));
    expect(answered.isAhead).toBe(true);
  });

  it("takes paths that are none, or not encoded, as they can be meant", async () => {
    for (const target of ["/w_20/a b+c.jpg", "/w_20/_/ü/ö.png", "/w_20/_/100%.png"]) {
      expect((await invoke(lambda.handler, functionUrlEvent(target))).status, target).toBe(200);
    }
    for (const target of ["/w_20/\ud800.jpg", "/w_20/a\u0000.jpg", ""]) {
      expect((await invoke(lambda.handler, functionUrlEvent(target))).status, target).toBe(400);
    }
  });

  it("answers HEAD and conditional requests without a body", async () => {
    const head = { method: "HEAD" };
    const target = "/w_23/a%20b+c.jpg";
    const made = await invoke(lambda.handler, functionUrlEvent(target, head));
    const expected = await ask(target, head);
    expect(compared(made)).toEqual(compared(expected));
    expect(made.headers["content-length"]).toBe(expected.headers["content-length"]);
    expect(made.bytes).toHaveLength(0);
    const unchanged = { headers: { "if-none-match": made.headers["etag"] ?? "" } };
    const answered = await invoke(lambda.handler, functionUrlEvent(target, unchanged));
    expect([answered.status, answered.bytes.length]).toEqual([304, 0]);
  });

  it("negotiates", async () => {
    const accepted = { headers: { accept: "image/webp,*/*" } };
    const { headers } = await invoke(
      lambda.handler,
      functionUrlEvent("/w_24,f_auto/a%20b+c.jpg", accepted),
    );
    expect(headers).toMatchObject({ "content-type": "image/webp", vary: "Accept" });
  });

  it("refuses what is not HTTP, and takes no body where there is to be none", async () => {
    const asked = [{ method: "TRACE" }, { headers: { "no header": "x" } }, { method: "BREW" }];
    const answers = asked.map((each) =>
      invoke(lambda.handler, functionUrlEvent("/w_20/a.jpg", each)),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 400, 405]);
    const event = functionUrlEvent("/w_20/a%20b+c.jpg", { body: "something" });
    expect((await invoke(lambda.handler, event)).status).toBe(200);
  });

  it("has nothing for operators who bring no token, wherever HOST says that it listens", async () => {
    const event = functionUrlEvent("/-/metrics");
    expect((await invoke(lambda.handler, event)).status).toBe(404);
    const guarded = await start({ POLICY: "open", ADMIN_TOKEN: SECRET, HOST: "127.0.0.1" });
    expect((await invoke(guarded.handler, event)).status).toBe(401);
    const headers = {
      authorization: `Bearer ${SECRET}`,
      "content-type": "application/json",
    };
    const body = JSON.stringify({ keys: ["a b+c.jpg"], transforms: ["w_25"] });
    const warm = functionUrlEvent("/-/warm", { method: "POST", headers, body });
    const { bytes } = await invoke(guarded.handler, warm);
    expect(JSON.parse(bytes.toString().split("\n")[0] ?? "")).toMatchObject({ status: "made" });
  });
});

describe("the handler that buffers", () => {
  const decodable = TARGETS.filter((target) => !/%3F|%2525/.test(target));

  it.each(decodable)("answers %s as the service does, behind an HTTP API", async (target) => {
    const expected = await ask(target);
    const answered = await invokeBuffered(lambda.bufferedHandler, httpApiEvent(target));
    expect(compared(answered)).toEqual(compared(expected));
  });

  it("redirects to what is too large for it, once it is stored, or refuses it", async () => {
    await put("noise.png", await drawNoise(1400, 1200));
    const target = "/f_png/noise.png";
    const publicUrl = `${s3.publicUrl}/${s3.originalsBucket}`;
    const closed = await start({ POLICY: "open" });
    const presigned = await invokeBuffered(closed.bufferedHandler, functionUrlEvent(target));
    const there = await fetch(presigned.headers["location"] ?? "");
    expect([presigned.status, there.status]).toEqual([302, 200]);
    // a route that always answers with bytes cannot lead elsewhere
    const asStored = functionUrlEvent("/variants/1/noise.png/_.png");
    const refused = await invokeBuffered(closed.bufferedHandler, asStored);
    expect([refused.status, refused.bytes.toString()]).toEqual([
      413,
      expect.stringContaining("too_large"),
    ]);
    const open = await start({ POLICY: "open", PUBLIC_URL: publicUrl });
    const cdn = { headers: { via: "1.1 cdn" } };
    const redirected = await invokeBuffered(open.bufferedHandler, functionUrlEvent(target, cdn));
    expect(redirected.status).toBe(302);
    const stored = await fetch(redirected.headers["location"] ?? "");
    const { width } = await sharp(Buffer.from(await stored.arrayBuffer())).metadata();
    expect(width).toBe(1400);
    const streamed = await invoke(open.handler, functionUrlEvent(target, cdn));
    expect(streamed.bytes.length).toBeGreaterThan(4_600_000);
  });
});

describe("an invocation", () => {
  it("ends when its variant is stored", async () => {
    await invoke(lambda.handler, functionUrlEvent("/w_26/a%20b+c.jpg"));
    expect(await isStored("variants/1/a b+c.jpg/w_26.jpg")).toBe(true);
    await invokeBuffered(lambda.bufferedHandler, functionUrlEvent("/w_27/a%20b+c.jpg"));
    expect(await isStored("variants/1/a b+c.jpg/w_27.jpg")).toBe(true);
  });

  it("ends before its time is up, whatever is still under way", async () => {
    const event = functionUrlEvent("/w_28/a%20b+c.jpg");
    const { statusCode } = await lambda.bufferedHandler(event, contextOf(0));
    expect(statusCode).toBe(200);
  });

  it("keeps signatures valid", async () => {
    const signed = await start({ SIGNING_SECRETS: SECRET });
    for (const key of KEYS.filter((name) => !name.includes("?"))) {
      const text = `w_29/_/${key}`;
      const path = `/s--${createSigner(SECRET)(text)}--/w_29/_/${encodeKey(key)}`;
      expect((await invoke(signed.handler, functionUrlEvent(path))).status, key).toBe(200);
      const answered = await invokeBuffered(signed.bufferedHandler, httpApiEvent(path));
      expect(answered.status, key).toBe(200);
      const forged = await invoke(signed.handler, functionUrlEvent(path.replace("w_29", "w_30")));
      expect(forged.status).toBe(403);
    }
  });
});
