import { createServer } from "node:http";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Site } from "../support/programs/chromium.ts";
import { hasChromium, launchChromium, listen, servePage } from "../support/programs/chromium.ts";
import { drawPhoto, drawQuadrants } from "../support/images.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, startTestServer } from "../support/service/server.ts";

/** Path, and the natural size that a browser should see. */
const IMAGES: readonly (readonly [path: string, width: number, height: number])[] = [
  ["/w_300/photo.jpg", 300, 200],
  ["/w_300,h_300,g_auto,f_webp/photo.jpg", 300, 300],
  ["/w_200,h_100,c_pad,b_navy/logo.png", 200, 100],
  ["/w_120,f_avif/logo.png", 120, 120],
  ["/w_150,f_auto/photo.jpg", 150, 100],
  ["/w_90,f_gif/photo.jpg", 90, 60],
  ["/w_100,h_50,a_90/photo.jpg", 50, 100],
  ["/variants/1/photo.jpg/w_77.webp", 77, 51],
];

/** The place of the image in a tab of its own, and what the console says. */
async function lookAt(browser: Browser, address: string): Promise<unknown> {
  const tab = await browser.newPage({ viewport: { width: 600, height: 400 } });
  const complaints: string[] = [];
  tab.on("console", (message) => complaints.push(message.text()));
  await tab.goto(address);
  const image = await tab.$eval("img", (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height];
  });
  await tab.close();
  return { image, complaints: complaints.filter((text) => !text.includes("favicon")) };
}

describe.skipIf(!hasChromium())("a page in a real browser", { retry: 1 }, () => {
  let browser: Browser;
  let server: TestServer;
  let folders: Awaited<ReturnType<typeof createFolders>>;
  let page: Site;

  beforeAll(async () => {
    folders = await createFolders({
      "photo.jpg": await drawPhoto(900, 600),
      "logo.png": await drawQuadrants(400, 400).png().toBuffer(),
    });
    server = await startTestServer({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
    });
    const html = IMAGES.map(([path]) => `<img src="${server.url}${path}">`).join("");
    page = await servePage(html);
  });

  beforeEach(async () => {
    browser = await launchChromium();
  });

  afterEach(() => browser.close());

  afterAll(async () => {
    page.stop();
    await server.stop();
    await folders.remove();
  });

  it("loads every image at its size, when it is made and when it is redirected to", async () => {
    for (const view of ["first", "second"]) {
      const context = await browser.newContext(); // nothing is cached from one view to the next
      const tab = await context.newPage();
      const statuses: number[] = [];
      tab.on("response", (response) => statuses.push(response.status()));
      await tab.goto(page.url, { waitUntil: "networkidle" });
      const sizes = await tab.$$eval("img", (images) =>
        images.map((image) => [image.naturalWidth, image.naturalHeight]),
      );
      expect(sizes).toEqual(IMAGES.map(([, width, height]) => [width, height]));
      expect(statuses.filter((status) => status === 302)).toHaveLength(view === "first" ? 0 : 7);
      await context.close();
    }
  });

  it("is shown in a tab of its own as without its policy of content, and nothing is complained of", async () => {
    const { url } = server;
    const bytes = Buffer.from(await (await fetch(`${url}/w_60/photo.jpg`)).arrayBuffer());
    const plain = createServer((_, response) => {
      response.writeHead(200, { "content-type": "image/jpeg" }).end(bytes);
    });
    try {
      const expected = await lookAt(browser, await listen(plain));
      expect(expected).toMatchObject({ image: [270, 180, 60, 40] });
      expect(await lookAt(browser, `${url}/w_60/photo.jpg`)).toEqual(expected);
    } finally {
      plain.close();
    }
  });

  it("lets a script of another origin read the pixels", async () => {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    const size = await tab.evaluate(async (url) => {
      const answer = await fetch(url);
      return (await answer.arrayBuffer()).byteLength;
    }, `${server.url}/w_60/photo.jpg`);
    expect(size).toBeGreaterThan(200);
    const bytes = Buffer.from(await (await fetch(`${server.url}/w_60/photo.jpg`)).arrayBuffer());
    expect((await sharp(bytes).metadata()).width).toBe(60);
    await tab.close();
  });
});
