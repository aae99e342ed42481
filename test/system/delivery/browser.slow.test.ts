import { createServer, request as requestUpstream } from "node:http";
import type { S3Client } from "@aws-sdk/client-s3";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { hasChromium, launchChromium, listen, servePage } from "../../support/programs/chromium.ts";
import { useS3 } from "../../support/s3/environment.ts";
import { drawPhoto } from "../../support/images.ts";
import { allowReading, routeMisses } from "../../support/s3/public-bucket.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { TestServer } from "../../support/service/server.ts";
import { createFolders, readMetric, startTestServer, until } from "../../support/service/server.ts";

const KEYS = ["a.jpg", "photos/b c.jpg", "d+e.jpg"];
const WIDTHS = [60, 80, 100, 120];

/** Twelve images; those of the middle original are for what the browser likes best. */
const REQUESTS = KEYS.flatMap((key, index) =>
  WIDTHS.map((width) => `/w_${width}${index === 1 ? ",f_auto" : ""}/${encodeKey(key)}`),
);
const STORED = KEYS.flatMap((key) =>
  WIDTHS.map((width) => `/variants/1/${encodeKey(key)}/w_${width}.jpg`),
);

let rgw: Rgw;
let client: S3Client;
let browser: Browser;
let photo: Buffer;
let server: TestServer | undefined;

function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

async function start(environment: Record<string, string>): Promise<string> {
  server = await startTestServer({ ALLOW_UNSIGNED: "true", ...environment });
  return server.url;
}

async function createBucket(name: string): Promise<Record<string, string>> {
  await rgw.createBucket(name);
  for (const Key of KEYS) {
    await client.send(new PutObjectCommand({ Bucket: name, Key, Body: photo }));
  }
  return { S3_BUCKET: name, S3_FORCE_PATH_STYLE: "true" };
}

/** Looks at a page of these images, and tells which hosts have given bytes. */
async function view(urls: readonly string[]): Promise<readonly string[]> {
  const html = urls.map((url) => `<img src="${url}">`).join("");
  const site = await servePage(html);
  const context = await browser.newContext(); // with nothing in its cache
  try {
    const tab = await context.newPage();
    const hosts: string[] = [];
    tab.on("response", (response) => {
      const isImage = response.headers()["content-type"]?.startsWith("image/");
      if (response.status() === 200 && isImage) hosts.push(new URL(response.url()).host);
    });
    await tab.goto(site.url, { waitUntil: "networkidle" });
    const widths = await tab.$$eval("img", (images) => images.map((image) => image.naturalWidth));
    expect(widths).toEqual(KEYS.flatMap(() => WIDTHS));
    expect(hosts).toHaveLength(12);
    return [...new Set(hosts)];
  } finally {
    await context.close();
    site.stop();
  }
}

async function viewTwice(
  urls: readonly string[],
): Promise<readonly [first: readonly string[], second: readonly string[]]> {
  const first = await view(urls);
  const { url } = server ?? { url: "" };
  await until(async () => (await readMetric(url, "shift_media_background")) === 0);
  const second = await view(urls);
  expect(await readMetric(url, "shift_media_misses_total")).toBe(12);
  return [first, second];
}

describe.skipIf(!hasChromium() || !hasRgw())("a page of twelve images", () => {
  beforeAll(async () => {
    [rgw, photo] = await Promise.all([startRgw(), drawPhoto(300, 200)]);
    ({ client } = rgw);
    useS3(rgw);
    browser = await launchChromium("--host-resolver-rules=MAP *.localhost 127.0.0.1");
  }, 60_000);

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await browser.close();
    await rgw.stop();
  });

  it.each<[name: string, settings: Record<string, string>]>([
    ["redirect", { DELIVERY: "redirect" }],
    ["auto", {}],
    ["presigned", { DELIVERY: "presigned" }],
    ["private", {}],
  ])("loads from S3 the second time: %s", async (name, settings) => {
    const bucket = `twelve-${name}`;
    const store = await createBucket(bucket);
    const isPublic = name === "redirect" || name === "auto";
    if (isPublic) await allowReading(client, bucket);
    const url = await start({
      ...store,
      ...settings,
      ...(isPublic && { PUBLIC_URL: `${rgw.endpoint}/${bucket}` }),
    });
    const [first, second] = await viewTwice(REQUESTS.map((path) => url + path));
    expect(first).toEqual([new URL(url).host]);
    expect(second).toEqual([new URL(rgw.endpoint).host]);
  });

  it("loads through a CDN, which gets the bytes", async () => {
    const url = await start(await createBucket("twelve-cdn"));
    const cdn = createServer((request, response) => {
      const headers = { ...request.headers, via: "1.1 cdn" };
      const upstream = requestUpstream(url + request.url, { headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      upstream.on("error", () => response.destroy()).end();
    });
    const base = await listen(cdn);
    const views = await viewTwice(REQUESTS.map((path) => base + path));
    expect(views).toEqual([[new URL(base).host], [new URL(base).host]]);
    cdn.closeAllConnections();
    cdn.close();
  });

  it("loads from the bucket's website, and from the service what is missing there", async () => {
    const url = await start(await createBucket("twelve-website"));
    await routeMisses(client, "twelve-website", url);
    const website = rgw.websiteHost("twelve-website");
    const [first, second] = await viewTwice(STORED.map((path) => `http://${website}${path}`));
    expect(first).toEqual([new URL(url).host]);
    expect(second).toEqual([website]);
  });

  it("loads from folders", async () => {
    const folders = await createFolders({ "a.jpg": photo, "d+e.jpg": photo, "b c.jpg": photo });
    const url = await start({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
    });
    const paths = REQUESTS.map((path) => url + path.replace("photos/", ""));
    expect(await viewTwice(paths)).toEqual([[new URL(url).host], [new URL(url).host]]);
    await server?.stop();
    server = undefined;
    await folders.remove();
  });
});
