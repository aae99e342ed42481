import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_CACHE_RULES } from "../../../src/http/answer/cache-control.ts";
import { AnswerCache } from "../../../src/http/media/answer-cache.ts";
import { readRequest } from "../../../src/request/read.ts";
import { drawAnimation } from "../../support/images.ts";
import { RULES } from "../../support/media/variants.ts";
import type { TestApp } from "../../support/service/app.ts";
import { createTestApp, putImage } from "../../support/service/app.ts";

const MODERN = { accept: "image/avif,image/webp,*/*" };
const grids = ["RG/BY", "WW/KK", "CC/CC"];
const clip = await drawAnimation(grids, { width: 40, height: 20, format: "webp" });

describe("GET of an animation", () => {
  let app: TestApp;

  beforeEach(async () => {
    app = createTestApp();
    for (const key of ["clip", "clip.webp", "clip.gif"]) await putImage(app, key, clip);
  });

  /** The format, and the number of frames. */
  async function look(
    target: string,
    headers: Readonly<Record<string, string>> = MODERN,
  ): Promise<string> {
    const response = await app.request(target, { headers });
    await app.drain();
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) return bytes.toString();
    const { pages = 1 } = await sharp(bytes).metadata();
    return `${response.headers.get("content-type")} ${pages}`;
  }

  it.each([
    ["/w_20/clip", "image/webp 3"],
    ["/w_20/clip.gif", "image/gif 3"],
    ["/w_20,fl_animated/clip.gif", "image/gif 3"],
    ["/w_20,fl_still/clip.gif", "image/gif 1"],
    ["/w_20,f_auto/clip", "image/webp 3"],
    ["/w_20,f_auto/clip.webp", "image/webp 3"],
    ["/w_20,f_auto/clip.gif", "image/webp 3"],
    ["/w_20,f_auto,fl_still/clip.gif", "image/webp 1"],
    ["/w_20,f_auto,fl_still/clip", "image/avif 1"],
    ["/w_20,f_avif/clip", "image/avif 1"],
    ["/w_20,f_png/clip.gif", "image/png 1"],
    ["/variants/1/clip.gif/w_20,fl_animated.webp", "image/webp 3"],
    ["/variants/1/clip.gif/fl_animated.gif", "image/gif 3"],
  ])("%s is %s, when it is made and when it is stored", async (target, expected) => {
    expect(await look(target)).toBe(expected);
    expect(await look(target)).toBe(expected);
    const { keys } = await app.store.list({ prefix: "" });
    expect(keys).toHaveLength(1); // and no other format behind the answer
    expect(keys.join()).not.toContain("fl_animated");
  });

  it("stays one on the fast path after somebody has asked for its AVIF", async () => {
    const deps = { publicUrl: "https://cdn.example", delivery: "redirect" } as const;
    const hits = new AnswerCache({
      ...deps,
      variants: app.variants,
      rules: RULES,
      cache: DEFAULT_CACHE_RULES,
      observe: () => {},
    });
    await look("/w_20,f_avif/clip");
    await look("/w_20,f_auto/clip");
    const target = "/w_20,f_auto/clip";
    const request = await readRequest(target, MODERN.accept, RULES);
    if (request.form === "original") throw new Error(request.form);
    hits.add({ target, accept: MODERN.accept }, { request, cacheTag: "tag" });
    const answer = hits.answer({ method: "GET", target, headers: MODERN });
    expect(answer?.headers["location"]).toMatch(/clip\/w_20\.webp\?v=/);
  });
});
