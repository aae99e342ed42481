import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { decode, distance, drawPhoto } from "../../support/images.ts";
import { createTestApp } from "../../support/service/app.ts";

const jpeg = await drawPhoto(400, 300);
const png = await sharp(jpeg).png().toBuffer();
const maxBytes = 1_000_000;

function createAllowingApp() {
  const limits = { ...DEFAULT_IMAGE_LIMITS, truncated: "allow" } as const;
  return createTestApp(
    {},
    {
      maxBytes,
      transform: async (job) => ({
        queueMs: 0,
        transformMs: 0,
        ...(await transformImage(job, { limits })),
      }),
    },
  );
}

describe("an original that is cut off", () => {
  it.each([
    ["JPEG", jpeg],
    ["PNG", png],
  ])("is shown as far as it goes under TRUNCATED=allow, as %s", async (_, whole) => {
    const app = createAllowingApp();
    await app.originals.put("a/cut", whole.subarray(0, whole.length / 2), {
      contentType: "application/octet-stream",
    });
    for (const target of ["/w_200,f_png/a/cut", "/f_png/a/cut", "/w_200,f_png,v_2/a/cut"]) {
      for (let time = 0; time < 2; time += 1) {
        const answer = await app.request(target);
        expect(answer.status).toBe(200);
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          "x-image-truncated": "true",
          "cache-control": "public, max-age=60",
        });
        const image = await decode(new Uint8Array(await answer.arrayBuffer()));
        expect(distance(image.at(0.1, 0.1), (await decode(whole)).at(0.1, 0.1))).toBeLessThan(40);
      }
    }
    await app.drain();
    expect(await app.store.list({ prefix: "" })).toEqual({ keys: [] });
  });

  it("is made anew when the rest has come", async () => {
    const app = createAllowingApp();
    const put = (bytes: Buffer) => app.originals.put("a.jpg", bytes, { contentType: "image/jpeg" });
    await put(jpeg.subarray(0, -300));
    expect((await app.request("/w_200/a.jpg")).headers.get("x-image-truncated")).toBe("true");
    await put(jpeg);
    app.advance(3_600_000);
    expect((await app.request("/w_200/a.jpg")).headers.get("x-image-truncated")).toBeNull();
    await app.drain();
    expect((await app.store.list({ prefix: "" })).keys).toHaveLength(1);
  });

  it("is refused by default", async () => {
    const app = createTestApp({}, { maxBytes });
    await app.originals.put("a.jpg", jpeg.subarray(0, -300), { contentType: "image/jpeg" });
    const answer = await app.request("/w_200/a.jpg");
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      message: expect.stringContaining("cut off") as string,
    });
  });
});
