import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createUrls } from "../../../src/url/urls.ts";
import type { Site } from "../../support/programs/chromium.ts";
import { hasChromium, launchChromium, servePage } from "../../support/programs/chromium.ts";
import type { Edge } from "../../support/programs/edge.ts";
import { startEdge } from "../../support/programs/edge.ts";
import { drawQuadrants } from "../../support/images.ts";
import { findPort } from "../../support/service/ports.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";

const WIDTHS = Array.from({ length: 12 }, (_, index) => 40 + 10 * index);

describe.skipIf(!hasChromium())("a page of twelve images through the Worker", () => {
  let edge: Edge;
  let service: TestServer;
  let browser: Browser;
  let page: Site;

  beforeAll(async () => {
    const port = await findPort();
    edge = await startEdge({ POLICY: "open", ORIGIN_URL: `http://127.0.0.1:${port}` });
    for (const [name, value] of Object.entries(edge.bucketEnvironment)) vi.stubEnv(name, value);
    const photo = await drawQuadrants(600, 400).jpeg().toBuffer();
    await (await edge.originals()).put("a b.jpg", new Uint8Array(photo));
    service = await startTestServer({
      ...edge.bucketEnvironment,
      POLICY: "open",
      PORT: String(port),
      QUEUE_WAIT_MS: "20000",
    });
    const urls = createUrls({ baseUrl: edge.url });
    const images = WIDTHS.map(
      (width) => `<img src="${urls.url("a b.jpg", { width, height: width, format: "auto" })}">`,
    );
    page = await servePage(images.join(""));
    browser = await launchChromium();
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await browser.close();
    page.stop();
    await service.stop();
    await edge.stop();
  });

  it("loads all of them when they have to be made, and with the service gone", async () => {
    expect(await look()).toEqual(WIDTHS.map((width) => [200, "image/avif", width]));
    await until(
      async () => (await (await edge.variants()).list()).objects.length === WIDTHS.length,
    );
    await service.stop();
    expect(await look()).toEqual(WIDTHS.map((width) => [200, "image/avif", width]));
  });

  /** Status, type and width in pixels of each image, for a browser that has seen nothing yet. */
  async function look(): Promise<readonly unknown[]> {
    const context = await browser.newContext();
    const tab = await context.newPage();
    const answers = new Map<string, readonly [number, string]>();
    tab.on("response", (response) => {
      answers.set(response.url(), [response.status(), response.headers()["content-type"] ?? ""]);
    });
    await tab.goto(page.url, { waitUntil: "networkidle" });
    const seen = await tab.$$eval("img", (images) =>
      images.map((image) => ({ url: image.src, width: image.naturalWidth })),
    );
    await context.close();
    return seen.map(({ url, width }) => [...(answers.get(url) ?? []), width]);
  }
});
