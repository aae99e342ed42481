import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSigner } from "../../src/sign.ts";
import { drawPhoto } from "../support/images.ts";
import type { Nginx, Recorder } from "../support/programs/nginx.ts";
import { hasNginx, startNginx, startRecorder } from "../support/programs/nginx.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, send, sleep, startTestServer, until } from "../support/service/server.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
/** Stale after a second; `FOR_EVER` is what the service says of a `v_`. */
const STREAMED = "public, max-age=1, s-maxage=1, stale-while-revalidate=604800";

let folders: Awaited<ReturnType<typeof createFolders>>;
let service: TestServer;
let recorder: Recorder;
let nginx: Nginx;

describe.skipIf(!hasNginx())("deploy/nginx/shift-media.conf", () => {
  beforeAll(async () => {
    const photo = await drawPhoto(160, 120);
    folders = await createFolders({ "cat.jpg": photo, "a b+c.jpg": photo, "100%.jpg": photo });
    await mkdir(join(folders.originals, "ü"));
    await writeFile(join(folders.originals, "ü", "ö.jpg"), photo);
    service = await startTestServer({
      POLICY: "open",
      SIGNING_SECRETS: SECRET,
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      CACHE_STREAMED: STREAMED,
      DELIVERY: "stream",
      POOL_SIZE: "1",
    });
    recorder = await startRecorder(service.url);
    nginx = await startNginx(recorder.port);
  });

  afterAll(async () => {
    await nginx.stop();
    await recorder.stop();
    await service.stop();
    await folders.remove();
  });

  it("makes one of equal misses, and answers the next view by itself", async () => {
    const views = await Promise.all(Array.from({ length: 50 }, () => view("/w_50,v_1/cat.jpg")));
    expect(new Set(views.map(({ status, etag }) => `${status} ${etag}`)).size).toBe(1);
    expect(views[0]?.status).toBe(200);
    const again = await view("/w_50,v_1/cat.jpg");
    expect(again).toMatchObject({ status: 200, cache: "HIT", etag: views[0]?.etag });
    expect(countOf("/w_50,v_1/cat.jpg")).toBe(1);
  });

  it("passes paths on byte for byte, and signatures hold", async () => {
    const sign = createSigner(SECRET);
    const targets = [
      "/w_51/a%20b+c.jpg",
      "/w_51/%61%20b%2Bc.jpg",
      "/w_51%2Ch_9/%C3%BC%2F%C3%B6.jpg",
      "/w_51/%C3%BC/%C3%B6.jpg?v=x%2F+1",
      "/w_51/100%25.jpg",
      "/w_51//cat.jpg",
      "/w_51/./cat.jpg",
      "/w_51/a/../cat.jpg",
      "/w_51/a%2F..%2Fcat.jpg",
      `/s--${sign("w_52/ü/ö.jpg")}--/w_52/%C3%BC%2F%C3%B6.jpg`,
      `/s--${sign("w_52/a b+c.jpg")}--/w_52/a%20b+c.jpg`,
    ];
    for (const target of targets) {
      const direct = await statusOf(service.url, target);
      expect([target, await statusOf(nginx.url, target)]).toEqual([target, direct]);
      expect(recorder.seen.at(-1)?.target).toBe(target);
    }
    expect(await statusOf(nginx.url, targets.at(-1) ?? "")).toBe(200);
    expect(await statusOf(nginx.url, "/w_51/%C3%BC%2F%C3%B6.jpg")).toBe(200);
  });

  it("has one entry for each of four answers, whatever browsers accept", async () => {
    const target = "/w_53,f_auto,v_1/cat.jpg";
    const quality = Array.from({ length: 8 }, (_, index) => `;q=0.${index + 1}`);
    const accepts = [
      ...quality.map((q) => `image/avif${q},image/webp,*/*`),
      ...quality.map((q) => `text/html,image/webp${q}`),
      ...quality.map((q) => `image/avif;q=0, image/webp;q=0.0,*/*${q}`),
      ...quality.map((q) => `image/avif,image/webp;q=0,*/*${q}`),
    ];
    const types: string[] = [];
    for (const accept of accepts) {
      types.push((await view(target, { headers: { accept } })).type);
    }
    expect(types.slice(0, 8)).toEqual(quality.map(() => "image/avif"));
    expect(types.slice(8, 16)).toEqual(quality.map(() => "image/webp"));
    expect(types.slice(16, 24)).toEqual(quality.map(() => "image/jpeg"));
    expect(types.slice(24)).toEqual(quality.map(() => "image/avif"));
    expect(countOf(target)).toBe(4);
    for (const accept of accepts) await view("/w_53,f_webp,v_1/cat.jpg", { headers: { accept } });
    expect(countOf("/w_53,f_webp,v_1/cat.jpg")).toBe(1);
  });

  it("does not let queries that mean nothing past the cache, and keeps versions apart", async () => {
    await view("/w_54,v_1/cat.jpg");
    expect((await view("/w_54,v_1/cat.jpg?a=1&b=2")).cache).toBe("HIT");
    expect((await view("/w_54,v_1/cat.jpg?v=2")).cache).toBe("MISS");
    const explained = await view("/w_54,v_1/cat.jpg?explain");
    expect(explained.type).toContain("application/json");
    expect((await view("/w_54,v_1/cat.jpg")).type).toBe("image/jpeg");
  });

  it("passes on no more of a query than is in its key", async () => {
    const target = "/variants/1/cat.jpg/w_54,v_1.jpg";
    await view(target);
    for (const query of ["%76=12345678", "a=1&b=2"]) {
      expect((await view(`${target}?${query}`)).cache).toBe("HIT");
    }
    for (const [query, passed] of [
      ["a=1&v=12345678", "v=12345678"],
      ["explain&v=9&x=2", "explain&v=9"],
      ["x=2&explain=1", "explain"],
    ]) {
      await view(`${target}?${query}`);
      expect(recorder.seen.at(-1)?.target).toBe(`${target}?${passed}`);
    }
  });

  it("answers HEAD and conditional requests", async () => {
    const { etag } = await view("/w_56,v_1/cat.jpg", { method: "HEAD" });
    const unchanged = await view("/w_56,v_1/cat.jpg", { headers: { "if-none-match": etag } });
    expect(unchanged).toMatchObject({ status: 304, cache: "HIT" });
  });

  it("keeps what is for operators inside", async () => {
    const escaped = "/-/variants/x/%2e%2e%2f%2e%2e%2f%2e%2e%2f%ff";
    for (const target of ["/-/metrics", "/%2D/metrics", "/a/../-/metrics", escaped]) {
      const seen = recorder.seen.length;
      expect(await statusOf(nginx.url, target)).toBe(404);
      expect(recorder.seen.length, target).toBe(seen);
    }
  });

  it("answers what is stale at once, renewed behind the answer, and goes on alone", async () => {
    const target = "/w_57/cat.jpg";
    await view(target);
    await until(async () => (await view(target)).cache === "STALE");
    await until(async () => (await view(target)).cache === "HIT");
    const { headers } = recorder.seen.findLast((seen) => seen.target === target) ?? {};
    expect(headers?.["if-none-match"]).toBeDefined();
    await recorder.stop();
    await sleep(1100);
    const views = await Promise.all(Array.from({ length: 5 }, () => view(target)));
    for (const { status } of views) expect(status).toBe(200);
    expect((await view("/w_58/cat.jpg")).status).toBe(502);
  });
});

interface View {
  readonly status: number;
  readonly etag: string;
  readonly type: string;
  readonly cache: string;
}

async function view(target: string, init?: RequestInit): Promise<View> {
  const answer = await fetch(nginx.url + target, { redirect: "manual", ...init });
  await answer.arrayBuffer();
  const header = (name: string): string => answer.headers.get(name) ?? "";
  return {
    status: answer.status,
    etag: header("etag"),
    type: header("content-type"),
    cache: header("x-cache"),
  };
}

/** Of exactly this target: URL parsers would resolve its dots. */
async function statusOf(url: string, target: string): Promise<number> {
  const text = `GET ${target} HTTP/1.1\nHost: img.example.com\nConnection: close\n\n`;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await send(url, text))?.[1]);
}

function countOf(target: string): number {
  return recorder.seen.filter((seen) => seen.target === target).length;
}
