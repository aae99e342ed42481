import { describe, expect, it } from "vitest";
import { PresignedUrls } from "../../../src/media/variants/presigned-urls.ts";
import { readRequest } from "../../../src/request/read.ts";
import type { VariantRequest } from "../../../src/request/request.ts";
import { RULES } from "../../support/media/variants.ts";

const HOUR = 3_600_000;
const START = 1000 * HOUR;
const INFO = { etag: '"e"', size: 1, source: '"source"', recipe: 1, isFirstFrame: false };

interface Bench {
  readonly urls: PresignedUrls;
  setTo(time: number): void;
}

/** @param credentialsEnd when what they have signed is no longer good */
function createBench(credentialsEnd = Infinity): Bench {
  let time = START;
  let count = 0;
  const urls = new PresignedUrls({
    presign: async (key, { signedAt, seconds }) => {
      count += 1;
      const expiresAt = Math.min(signedAt + seconds * 1000, credentialsEnd);
      return { url: `https://s3.example/${key}?${count}`, expiresAt };
    },
    windowSeconds: 3600,
    now: () => time,
  });
  return { urls, setTo: (value) => void (time = value) };
}

async function wish(): Promise<{ request: VariantRequest; info: typeof INFO; method: string }> {
  const request = await readRequest("/w_100/a.jpg", undefined, RULES);
  if (request.form === "original") throw new Error(request.form);
  return { request, info: INFO, method: "GET" };
}

describe("PresignedUrls", () => {
  it("gives the same URL within a window, and one that is good for a window after it", async () => {
    const { urls, setTo } = createBench();
    const wanted = await wish();
    const first = await urls.sign(wanted);
    setTo(START + HOUR - 1);
    expect(await urls.sign(wanted)).toBe(first);
    expect(first.expiresAt - (START + HOUR)).toBe(HOUR);
    setTo(START + HOUR);
    expect(urls.getCached(wanted)).toBeUndefined();
    expect((await urls.sign(wanted)).url).not.toBe(first.url);
  });

  it("gives none that is signed for a time to come, when the clock has been set back", async () => {
    const { urls, setTo } = createBench();
    const wanted = await wish();
    const first = await urls.sign(wanted);
    setTo(START - 5 * HOUR);
    expect(urls.getCached(wanted)).toBeUndefined();
    const second = await urls.sign(wanted);
    expect(second.url).not.toBe(first.url);
    expect(second.givenFrom).toBeLessThanOrEqual(START - 5 * HOUR);
  });

  it("gives none any more a minute before temporary credentials end", async () => {
    const { urls, setTo } = createBench(START + 600_000);
    const wanted = await wish();
    const { expiresAt } = await urls.sign(wanted);
    expect(expiresAt).toBe(START + 600_000);
    setTo(START + 539_999);
    expect(urls.getCached(wanted)).toBeDefined();
    setTo(START + 540_000);
    expect(urls.getCached(wanted)).toBeUndefined();
  });
});
