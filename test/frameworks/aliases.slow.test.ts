import { transformUrl } from "unpic";
import type { IPXOperations } from "unpic/providers/ipx";
import { generate, transform } from "unpic/providers/ipx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, drawQuadrants, readGrid } from "../support/images.ts";
import { createUrls } from "../../src/url/urls.ts";
import { printTransform } from "../../src/transform/options.ts";
import { createNuxtImage } from "../support/pages/frameworks.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, startTestServer } from "../support/service/server.ts";

type Modifiers = Readonly<Record<string, string | number | boolean>>;
type Case = readonly [Modifiers, width: number, height: number, grid?: string];

/**
 * The URL that a component asks for, and the size and quadrants that come back of `RG/BY`, 600 by 400. In grey,
 * green and yellow are nearly white.
 */
const CASES: readonly Case[] = [
  [{ width: 300 }, 300, 200, "RG/BY"],
  [{ height: 100 }, 150, 100, "RG/BY"],
  [{ width: 300, height: 300 }, 300, 300, "RG/BY"],
  [{ width: 1200, height: 800 }, 600, 400],
  [{ width: 300, quality: 40, format: "jpeg" }, 300, 200, "RG/BY"],
  [{ width: 300, format: "webp" }, 300, 200, "RG/BY"],
  [{ width: 300, format: "avif" }, 300, 200, "RG/BY"],
  [{ resize: "120x100" }, 120, 100, "RG/BY"],
  [{ resize: "120" }, 120, 80, "RG/BY"],
  [{ s: "120x100" }, 120, 100, "RG/BY"],
  [{ width: 300, height: 300, fit: "cover" }, 300, 300, "RG/BY"],
  [{ width: 300, height: 300, fit: "contain", background: "ffffff" }, 300, 300],
  [{ width: 300, height: 300, fit: "contain", background: "#00f" }, 300, 300],
  [{ width: 300, height: 300, fit: "contain", background: "white" }, 300, 300],
  [{ width: 300, height: 300, fit: "fill" }, 300, 300, "RG/BY"],
  [{ width: 300, height: 300, fit: "inside" }, 300, 200, "RG/BY"],
  [{ width: 800, height: 800, enlarge: true }, 800, 800, "RG/BY"],
  [{ width: 1200, enlarge: true }, 1200, 800, "RG/BY"],
  [{ width: 100, height: 200, position: "left" }, 100, 200, "RR/BB"],
  [{ width: 100, height: 200, position: "right" }, 100, 200, "GG/YY"],
  [{ width: 100, height: 200, position: "right top" }, 100, 200, "GG/YY"],
  [{ width: 100, height: 200, pos: "left bottom" }, 100, 200, "RR/BB"],
  [{ width: 100, height: 200, pos: "northeast" }, 100, 200, "GG/YY"],
  [{ width: 100, height: 200, gravity: "west" }, 100, 200, "RR/BB"],
  [{ width: 100, height: 200, gravity: "southeast" }, 100, 200, "GG/YY"],
  [{ width: 300, height: 100, position: "top" }, 300, 100, "RG/RG"],
  [{ width: 300, height: 100, position: "bottom" }, 300, 100, "BY/BY"],
  [{ width: 100, height: 200, position: "centre" }, 100, 200, "RG/BY"],
  [{ width: 100, height: 200, position: "entropy" }, 100, 200],
  [{ width: 100, height: 200, position: "attention" }, 100, 200],
  [{ flip: true }, 600, 400, "BY/RG"],
  [{ flop: true }, 600, 400, "GR/YB"],
  [{ width: 300, flip: true, flop: true }, 300, 200, "YB/GR"],
  [{ width: 300, rotate: 90 }, 200, 300, "BR/YG"],
  [{ extract: "300_0_300_200" }, 300, 200, "GG/GG"],
  [{ width: 150, extract: "0_200_300_200" }, 150, 100, "BB/BB"],
  [{ width: 300, blur: 3 }, 300, 200, "RG/BY"],
  [{ width: 300, blur: 0.3 }, 300, 200, "RG/BY"],
  [{ width: 300, sharpen: 2 }, 300, 200, "RG/BY"],
  [{ width: 300, sharpen: true }, 300, 200, "RG/BY"],
  [{ width: 300, grayscale: true }, 300, 200, "?W/?W"],
  [{ width: 300, greyscale: true }, 300, 200, "?W/?W"],
  [{ width: 300, negate: true }, 300, 200, "C?/YB"],
  [{ grayscale: true }, 600, 400, "?W/?W"],
  [{ width: 300, animated: true, format: "webp" }, 300, 200, "RG/BY"],
];

/** Options that leave size and quadrants as they are, with our spelling of them. */
const READINGS: readonly (readonly [Modifiers, text: string])[] = [
  [{ blur: 3 }, "e_blur:150"],
  [{ blur: 0.3 }, "e_blur:15"],
  [{ sharpen: 2 }, "e_sharpen:20"],
  [{ sharpen: true }, "e_sharpen"],
  [{ grayscale: true }, "e_grayscale"],
  [{ greyscale: true }, "e_grayscale"],
  [{ negate: true }, "e_negate"],
  [{ width: 300, animated: true }, "w_300"],
  [{ width: 300, quality: 40 }, "w_300,q_40"],
  [{ width: 30, height: 40, fit: "contain", background: "#F00" }, "w_30,h_40,c_pad,b_ff0000"],
];

const SOURCES = ["/quadrants.png", "/über 100% & more,+.png"];

let server: TestServer;
let folders: Awaited<ReturnType<typeof createFolders>>;

beforeAll(async () => {
  const image = await drawQuadrants(600, 400).png().toBuffer();
  folders = await createFolders(
    Object.fromEntries(SOURCES.map((source) => [source.slice(1), image])),
  );
  server = await startTestServer({
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: folders.variants,
    QUEUE_WAIT_MS: "20000",
  });
});

afterAll(async () => {
  await server.stop();
  await folders.remove();
});

/** Size and quadrants of what a URL answers with, or the error. */
async function view(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) return `${response.status} of ${url}: ${await response.text()}`;
  const image = await decode(new Uint8Array(await response.arrayBuffer()));
  return [image.width, image.height, readGrid(image)];
}

function expected([, width, height, grid]: Case): unknown {
  return [width, height, grid ?? expect.any(String)];
}

/** The canonical text of what a URL asks for. */
function readUrl(url: string): string {
  return printTransform(createUrls({ baseUrl: server.url }).parse(url).transform ?? {});
}

/** As unpic's components call it. */
function unpicUrl({ width, height, format, quality, ...own }: Modifiers, url: string): string {
  const common = { width, height, format, quality } as IPXOperations;
  const options = { ipx: { baseURL: server.url } };
  return String(transformUrl({ url, provider: "ipx", ...common }, { ipx: own }, options));
}

/** As Nuxt Image's components call it. */
function nuxtUrl(modifiers: Modifiers, source: string): string {
  return createNuxtImage(server.url)(source, modifiers, { provider: "ipx" });
}

describe("unpic's own provider for IPX", () => {
  it.each(CASES.map((row) => [row] as const))("is understood: %j", async (row) => {
    expect(await view(unpicUrl(row[0], "/quadrants.png"))).toEqual(expected(row));
  });

  it.each(READINGS)("is read right: %j", (modifiers, text) => {
    expect(readUrl(unpicUrl({ ...modifiers, format: "webp" }, "/quadrants.gif"))).toBe(text);
  });

  it("is understood when what stands between the options was escaped on the way", async () => {
    const modifiers = { width: 100, height: 200, position: "right top", flop: true };
    const url = unpicUrl(modifiers, "/quadrants.png");
    expect(url).toContain("/position_right%20top,flop_true,s_100x200,f_auto/");
    for (const separator of ["%2C", "&", "%26"]) {
      const escaped = url.replaceAll(",", separator).replaceAll("_", "%5F");
      expect(await view(escaped)).toEqual([100, 200, "GG/YY"]);
    }
  });

  it("transforms its own URLs again where the service has a base path", async () => {
    const based = await startTestServer({
      BASE_PATH: "/i",
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
    });
    const baseURL = based.url; // http://localhost:…/i
    const first = generate("/quadrants.png", { width: 300, height: 200 }, { baseURL });
    const second = transform(first, { width: 150, height: 50 }, { baseURL });
    const answers = [await view(first), await view(second)];
    await based.stop();
    expect(answers).toEqual([
      [300, 200, "RG/BY"],
      [150, 50, "RG/BY"],
    ]);
  });
});

describe("Nuxt Image's own provider for IPX", () => {
  it.each(CASES.map((row) => [row] as const))("is understood: %j", async (row) => {
    expect(await view(nuxtUrl(row[0], "/quadrants.png"))).toEqual(expected(row));
  });

  it.each(READINGS)("is read right: %j", (modifiers, text) => {
    expect(readUrl(nuxtUrl({ ...modifiers, format: "webp" }, "/quadrants.gif"))).toBe(text);
  });

  it.each(SOURCES)("finds %s", async (source) => {
    expect(await view(nuxtUrl({ width: 60, height: 60 }, source))).toEqual([60, 60, "RG/BY"]);
  });

  it("is understood when what stands between the options was escaped on the way", async () => {
    const modifiers = { width: 100, height: 200, position: "right top", flop: true };
    const url = nuxtUrl(modifiers, "/quadrants.png");
    expect(url).toContain("/pos_right%20top&flop_true&s_100x200/");
    for (const separator of [",", "%2C", "%26"]) {
      const escaped = url.replaceAll("&", separator).replaceAll("_", "%5F");
      expect(await view(escaped)).toEqual([100, 200, "GG/YY"]);
    }
  });

  it("gets the placeholder that its component asks for", async () => {
    const url = nuxtUrl({ width: 10, height: 10, quality: 50, blur: 3 }, "/quadrants.png");
    expect(new URL(url).pathname).toBe("/q_50&blur_3&s_10x10/quadrants.png");
    expect(await view(url)).toEqual([10, 10, expect.any(String)]);
  });

  it("asks for the original when it has nothing to say", () => {
    expect(new URL(nuxtUrl({}, "/quadrants.png")).pathname).toBe("/_/quadrants.png");
  });
});
