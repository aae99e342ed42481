import { Image, Source } from "@unpic/react/base";
import type { Browser } from "playwright-core";
import { createElement } from "react";
import type { IPXOperations, IPXOptions } from "unpic/providers/ipx";
import { transform as transformIpx } from "unpic/providers/ipx";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createNextLoader } from "../../src/frameworks/next.ts";
import type { ShiftMediaOperations, ShiftMediaOptions } from "../../src/frameworks/unpic.ts";
import { transform } from "../../src/frameworks/unpic.ts";
import { createUrls } from "../../src/url/urls.ts";
import type { Site } from "../support/programs/chromium.ts";
import { hasChromium, launchChromium, servePage } from "../support/programs/chromium.ts";
import { createNuxtImage, render, renderNext, renderNuxt } from "../support/pages/frameworks.ts";
import { drawQuadrants } from "../support/images.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, startTestServer } from "../support/service/server.ts";

const VIEWPORT = { width: 1100, height: 4000 };

/** Pixels of the image that a browser takes at one device pixel for each CSS pixel, and at two. */
interface Expected {
  readonly name: string;
  readonly html: string;
  readonly sizes: readonly [single: readonly number[], double: readonly number[]];
}

function renderGallery(baseUrl: string): readonly Expected[] {
  return [...renderNextPart(baseUrl), ...renderUnpicPart(baseUrl), ...renderNuxtPart(baseUrl)];
}

function renderNextPart(baseUrl: string): readonly Expected[] {
  const loader = createNextLoader({ baseUrl });
  const src = "/photo.jpg?ar=16:9&g=north";
  const common = { loader, src, alt: "", loading: "eager" } as const;
  return [
    {
      name: "next, fixed",
      html: renderNext({ ...common, width: 200, height: 113 }),
      sizes: [
        [256, 144],
        [640, 360],
      ],
    },
    {
      name: "next, fluid",
      html: renderNext({ ...common, width: 1600, height: 900, sizes: "540px" }),
      sizes: [
        [640, 360],
        [1080, 608],
      ],
    },
  ];
}

function renderUnpicPart(baseURL: string): readonly Expected[] {
  const common = { src: "photo.jpg", options: { baseURL }, width: 200, height: 150, alt: "" };
  const ours = { ...common, transformer: transform, operations: { gravity: "auto" } as const };
  const image = createElement(Image<ShiftMediaOperations, ShiftMediaOptions>, {
    ...ours,
    background: "auto",
  });
  const source = createElement(Source<ShiftMediaOperations, ShiftMediaOptions>, {
    ...ours,
    width: 90,
    height: 90,
    layout: "fixed",
    type: "image/webp",
  });
  const sizes: Expected["sizes"] = [
    [200, 150],
    [400, 300],
  ];
  return [
    { name: "unpic, constrained", html: render(image), sizes },
    {
      name: "unpic, source",
      html: render(createElement("picture", null, source, image)),
      sizes: [
        [90, 90],
        [180, 180],
      ],
    },
    {
      name: "unpic, IPX",
      html: render(
        createElement(Image<IPXOperations, IPXOptions>, { ...common, transformer: transformIpx }),
      ),
      sizes,
    },
  ];
}

function renderNuxtPart(baseURL: string): readonly Expected[] {
  const img = createNuxtImage(baseURL);
  const fixed = { width: 120, height: 120, fit: "contain", background: "#ff0000" };
  const fluid = { width: 300, height: 100, sizes: "sm:100vw md:50vw lg:300px" };
  return [
    {
      name: "nuxt, fixed",
      html: renderNuxt(img, "photo.jpg", fixed),
      sizes: [
        [120, 120],
        [240, 240],
      ],
    },
    {
      name: "nuxt, fluid",
      html: renderNuxt(img, "photo.jpg", fluid),
      sizes: [
        [300, 100],
        [600, 200],
      ],
    },
    {
      name: "nuxt, IPX",
      html: renderNuxt(img, "photo.jpg", { ...fixed, provider: "ipx" }),
      sizes: [
        [120, 120],
        [240, 240],
      ],
    },
  ];
}

interface Seen {
  readonly url: string;
  readonly size: readonly number[];
}

describe.skipIf(!hasChromium())("a page of all frameworks in a real browser", { retry: 1 }, () => {
  let browser: Browser;
  let server: TestServer;
  let folders: Awaited<ReturnType<typeof createFolders>>;
  let page: Site;
  let gallery: readonly Expected[];

  beforeAll(async () => {
    folders = await createFolders({
      "photo.jpg": await drawQuadrants(2400, 1600).jpeg().toBuffer(),
    });
    server = await startTestServer({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      QUEUE_WAIT_MS: "20000",
    });
    gallery = renderGallery(server.url);
    const html = gallery.map((part) => `<p>${part.html}</p>`).join("");
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

  it.each([
    ["single", 0, 1],
    ["double", 1, 2],
  ] as const)("loads what fits %s pixels, as large as its URL says", async (_, index, dpr) => {
    const { seen, statuses } = await look(dpr);
    expect(seen.map(({ size }) => size)).toEqual(gallery.map(({ sizes }) => sizes[index]));
    expect(seen.map(({ url }) => sizeOf(url))).toEqual(seen.map(({ size }) => size));
    expect(statuses.filter((status) => status >= 400)).toEqual([]);
  });

  /** The images that the browser has chosen, in pixels of the file and not of CSS. */
  async function look(dpr: number): Promise<{ seen: Seen[]; statuses: number[] }> {
    const context = await browser.newContext({ viewport: VIEWPORT, deviceScaleFactor: dpr });
    const tab = await context.newPage();
    const statuses: number[] = [];
    tab.on("response", (response) => statuses.push(response.status()));
    await tab.goto(page.url, { waitUntil: "networkidle" });
    const seen = await tab.$$eval("img", (images) =>
      Promise.all(
        images.map(async (image) => {
          const url = image.currentSrc;
          // an element without candidates has the size of the file, whatever its density
          const file = image.ownerDocument.createElement("img");
          file.src = url;
          await file.decode();
          return { url, size: image.complete ? [file.naturalWidth, file.naturalHeight] : [] };
        }),
      ),
    );
    await context.close();
    return { seen, statuses };
  }

  /** The size that the URL promises for an image that is larger in both directions. */
  function sizeOf(url: string): readonly number[] {
    const { width = 0, height = 0 } =
      createUrls({ baseUrl: server.url }).parse(url).transform ?? {};
    return [width, height];
  }
});
