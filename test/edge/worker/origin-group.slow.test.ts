import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { parsePresets } from "../../../src/transform/presets.ts";
import { useS3 } from "../../support/s3/environment.ts";
import type { FunctionRuntime } from "../../support/programs/cloudfront.ts";
import { makeFunction, startFunction } from "../../support/programs/cloudfront.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";
import { RULES } from "../../support/media/variants.ts";

const KEYS = ["cat.jpg", "a b+c & d.jpg", "фото/100%.jpg", "x%20y(1)!'.png"];
const PRESETS = { thumb: "w_40,h_40,c_fill" };

let s3: S3Server;
let service: TestServer;
let runtime: FunctionRuntime;
let group: Server;
/** The origins that were asked, and the paths. */
let log: string[] = [];
const cache = new Map<string, { status: number; type: string; body: Buffer }>();

/** Acts as an origin group: the cache by its key, the bucket, and on 403 and 404 the service. */
async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = "", query = ""] = (incoming.url ?? "").split("?");
  const { uri, accept = "" } = runtime.run({ uri: path, accept: incoming.headers.accept });
  const version = new URLSearchParams(query).get("v") ?? "";
  const name = [uri, accept, version].join("\n");
  const kept = cache.get(name) ?? (await ask(uri, accept, version));
  if (kept.status === 200) cache.set(name, kept);
  response.writeHead(kept.status, { "content-type": kept.type });
  response.end(kept.body);
}

async function ask(uri: string, accept: string, version: string) {
  const suffix = version && `?v=${version}`;
  log.push(`bucket ${uri}`);
  const stored = await fetch(`${s3.publicUrl}/variants${uri}`);
  if (stored.status !== 403 && stored.status !== 404 && stored.status !== 400) return take(stored);
  await stored.body?.cancel();
  log.push(`service ${uri}`);
  return take(
    await fetch(service.url + uri + suffix, { headers: { accept, via: "2.0 cloudfront" } }),
  );
}

async function take(response: Response) {
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type") ?? "", body };
}

beforeAll(async () => {
  s3 = await startS3Server();
  useS3(s3);
  const client = createS3Client({ forcePathStyle: true });
  const body = await drawQuadrants(300, 200).jpeg().toBuffer();
  for (const key of KEYS) {
    const put = { Bucket: s3.originalsBucket, Key: key, Body: body, ContentType: "image/jpeg" };
    await client.send(new PutObjectCommand(put));
  }
  client.destroy();
  const policy = { isOpen: false, hasPresets: true };
  service = await startTestServer({
    POLICY: "presets",
    PRESETS: "thumb=w_40,h_40,c_fill",
    S3_BUCKET: s3.originalsBucket,
    S3_VARIANTS_BUCKET: s3.variantsBucket,
    QUEUE_WAIT_MS: "20000",
  });
  const rules = { ...RULES, policy, presets: parsePresets(PRESETS) };
  runtime = await startFunction(makeFunction(rules));
  group = createServer((incoming, response) => void answer(incoming, response));
  await new Promise<void>((resolve) => {
    group.listen(0, "127.0.0.1", resolve);
  });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  group.close();
  runtime.dispose();
  await service.stop();
  await s3.stop();
});

function get(target: string, accept = "image/webp,*/*"): Promise<Response> {
  const { port } = group.address() as AddressInfo; // it listens on a port
  return fetch(`http://127.0.0.1:${port}${target}`, { headers: { accept } });
}

/** As if from another part of the world. */
function forget(): void {
  cache.clear();
  log = [];
}

describe("an origin group behind the Function", () => {
  it.each(KEYS)("has the service make %j once, and the bucket answer from then on", async (key) => {
    forget();
    const target = `/t_thumb,f_auto/${key.split("/").map(encodeURIComponent).join("/")}`;
    const first = await get(target);
    expect([first.status, first.headers.get("content-type")]).toEqual([200, "image/webp"]);
    const bytes = Buffer.from(await first.arrayBuffer());
    const { width, height } = await sharp(bytes).metadata();
    expect([width, height]).toEqual([40, 40]);
    expect(log.map((line) => line.split(" ")[0])).toEqual(["bucket", "service"]);
    await until(async () => {
      forget();
      await (await get(target)).arrayBuffer();
      return log.length === 1; // the bucket alone
    });
    // another spelling, and another client with the same formats
    const again = await get(
      target.replace("t_thumb,f_auto", "f_auto,t_thumb"),
      "text/html,image/webp",
    );
    expect(Buffer.from(await again.arrayBuffer())).toEqual(bytes);
    expect(log.length).toBe(1);
  });

  it("answers each client with a format that it takes", async () => {
    const types = ["image/avif,image/webp", "*/*"].map(async (accept) =>
      (await get("/t_thumb,f_auto/cat.jpg", accept)).headers.get("content-type"),
    );
    expect(await Promise.all(types)).toEqual(["image/avif", "image/jpeg"]);
  });

  it.each([
    ["/w_300/cat.jpg", 403],
    ["/t_nope,w_3/cat.jpg", 400],
    ["/t_thumb/missing.jpg", 404],
    ["/variants/1/cat.jpg/w_301.jpg", 403],
  ])("leaves %s to the service, which says %i", async (target, status) => {
    expect((await get(target)).status).toBe(status);
  });
});
