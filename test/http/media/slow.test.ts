import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { createFilledApp } from "../../support/service/app.ts";

const limits = { ...DEFAULT_IMAGE_LIMITS, slowPixels: 3000 };
const headers = { accept: "image/avif,image/webp,*/*" };

describe("f_auto with a format that is slow", () => {
  it("answers the next one for a minute, and then the one that was asked for", async () => {
    const app = await createFilledApp(
      {},
      {
        transform: async (job) => ({
          queueMs: 0,
          transformMs: 0,
          ...(await transformImage(job, { limits })),
        }),
      },
    );
    const target = "/w_100,f_auto/photos/cat.jpg";
    const first = await app.request(target, { headers });
    expect(Object.fromEntries(first.headers)).toMatchObject({
      "content-type": "image/webp",
      "cache-control": "public, max-age=60",
      vary: "Accept",
    });
    await app.drain();
    const second = await app.request(target, { headers });
    expect(Object.fromEntries(second.headers)).toMatchObject({
      "content-type": "image/avif",
      "cache-control": expect.stringContaining("s-maxage=86400"),
      vary: "Accept",
    });
    expect(second.headers.get("etag")).not.toBe(first.headers.get("etag"));
    // both are kept, each under its own name
    const { keys } = await app.store.list({ prefix: "" });
    expect(keys).toEqual([
      "variants/1/photos/cat.jpg/w_100.avif",
      "variants/1/photos/cat.jpg/w_100.webp",
    ]);
  });
});
