import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { checkCacheKey, checkMisses } from "../../../src/ops/doctor/checks/public.ts";
import type { CheckResult, CheckResults } from "../../../src/ops/doctor/result.ts";
import { checkObjects } from "../../../src/ops/doctor/checks/objects.ts";
import type { DoctorTarget } from "../../../src/ops/doctor/target.ts";
import { checkCdn, checkService } from "../../../src/ops/doctor/checks/service.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";

const servers: Server[] = [];

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return `http://127.0.0.1:${port}`;
}

async function collect(results: CheckResults): Promise<Readonly<Record<string, CheckResult>>> {
  const found: CheckResult[] = [];
  for await (const result of results) found.push(result);
  return Object.fromEntries(found.map((result) => [result.check, result]));
}

/** A cache for ever, before the server at `origin`, that knows answers by what `keyOf` gives. */
function caching(origin: string, keyOf: (url: string) => string): RequestListener {
  const kept = new Map<string, Promise<Response>>();
  return (request, response) => {
    const url = request.url ?? "";
    const found = kept.get(keyOf(url)) ?? fetch(origin + url);
    kept.set(keyOf(url), found);
    void found.then(async (answer) => {
      const type = answer.headers.get("content-type") ?? "";
      response.writeHead(answer.status, { "content-type": type });
      response.end(Buffer.from(await answer.clone().arrayBuffer()));
    });
  };
}

async function statusAt(cdn: string): Promise<string | undefined> {
  const found = await collect(checkCdn(cdn, "/w_64,f_auto/a.png"));
  return found["f_auto through the CDN"]?.status;
}

/** The words about animations for a CDN that gives this type to browsers that accept AVIF. */
async function findAdvice(type: string): Promise<string | undefined> {
  const cdn = await listen((request, response) => {
    const isModern = request.headers.accept?.includes("image/avif") === true;
    response.writeHead(200, { "content-type": isModern ? type : "image/png" }).end();
  });
  const found = await collect(checkCdn(cdn, "/w_64,f_auto/a.png"));
  return found["animations through the CDN"]?.message;
}

/** The fix for a service that answers a variant with this status. */
async function findFix(status: number): Promise<string | undefined> {
  const url = await listen((request, response) => {
    response.writeHead(request.url === "/readyz" ? 200 : status).end();
  });
  const service = { url, basePath: "", publicUrl: undefined, path: "/w_64/a.jpg" };
  return (await collect(checkService(service)))["a variant"]?.fix;
}

describe("the checks from outside", () => {
  it("say where animations stand still, if there is AVIF", async () => {
    expect(await findAdvice("image/avif")).toContain("first frame");
    expect(await findAdvice("image/webp")).toBeUndefined();
  });

  let s3: S3Server;
  let target: DoctorTarget;

  beforeAll(async () => {
    s3 = await startS3Server();
    target = {
      client: createS3Client({ ...s3, forcePathStyle: true }),
      originals: { bucket: s3.originalsBucket, prefix: "" },
      variants: { bucket: s3.variantsBucket, prefix: "variants/" },
      publicUrl: `${s3.publicUrl}/${s3.variantsBucket}`,
      arePublicOriginals: false,
      cacheControl: "public, max-age=31536000, immutable",
      endpoint: s3.endpoint,
    };
  });

  afterAll(async () => {
    for (const server of servers) server.close().closeAllConnections();
    target.client.destroy();
    await s3.stop();
  });

  it("names a loop of redirects, and leaves nothing behind", async () => {
    const service = await listen((request, response) => {
      response.writeHead(302, { location: `${publicUrl}${request.url}` }).end();
    });
    const publicUrl = await listen((request, response) => {
      response.writeHead(302, { location: `${service}${request.url}` }).end();
    });
    const looping = { ...target, publicUrl };
    const found = {
      ...(await collect(checkObjects(looping))),
      ...(await collect(checkMisses(looping))),
    };
    for (const check of ["public URL", "a missing variant"]) {
      expect(found[check]).toMatchObject({ status: "fail" });
      expect(found[check]?.message).toContain(`loop: ${publicUrl}`);
      expect(found[check]?.message).toContain(` -> ${service}`);
    }
    const asked = await collect(
      checkService({ url: service, basePath: "", publicUrl, path: "/w_64/a.png" }),
    );
    expect(asked["service"]?.status).toBe("fail");
    const list = new ListObjectsV2Command({ Bucket: s3.variantsBucket });
    expect((await target.client.send(list)).KeyCount).toBe(0);
  });

  it("tells a service that is ill from an original that is no image", async () => {
    expect(await findFix(415)).toMatch(/--original/);
    expect(await findFix(502)).toMatch(/log of the service/);
  });

  it("tells a cache that looks at v from one that does not", async () => {
    const base = String(target.publicUrl);
    const blind = await listen(caching(base, (url) => url.replace(/\?.*/, "")));
    const seeing = await listen(caching(base, (url) => url));
    const check = (publicUrl: string): Promise<CheckResult> =>
      checkCacheKey({ ...target, publicUrl });
    expect(await check(blind)).toMatchObject({ status: "fail" });
    expect(await check(seeing)).toMatchObject({
      status: "ok",
      message: "the CDN caches each version on its own",
    });
    expect(await check(base)).toMatchObject({ status: "ok" });
    expect(await check("http://127.0.0.1:1")).toMatchObject({ status: "skipped" });
  });

  it("tells a CDN that knows browsers apart from one that does not", async () => {
    const origin = await listen(({ headers }, response) => {
      const isModern = headers.accept?.includes("image/avif");
      response.writeHead(200, { "content-type": isModern ? "image/avif" : "image/png" }).end("x");
    });
    const blind = await listen((_, response) => {
      response.writeHead(200, { "content-type": "image/avif" }).end("x");
    });
    const passing = await listen((_, response) => {
      response.writeHead(302, { location: origin }).end();
    });
    expect([await statusAt(origin), await statusAt(blind), await statusAt(passing)]).toEqual([
      "ok",
      "fail",
      "warn",
    ]);
  });
});
