import { describe, expect, it } from "vitest";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import { readRequest } from "../../../src/request/read.ts";
import type { VariantRequest } from "../../../src/request/request.ts";
import type { Bench } from "../../support/media/variants.ts";
import { createBench, madeOf, requestOf, RULES } from "../../support/media/variants.ts";

/** All originals are animations. */
const transform: MissDeps["transform"] = async ({ format, skipIfMoving }) => {
  const isFirstFrame = format !== "webp";
  if (isFirstFrame && skipIfMoving) return { kind: "moves" };
  return { ...madeOf(new TextEncoder().encode(format)), isFirstFrame };
};

async function negotiated(
  target = "/f_auto,w_9/clip",
  accept = "image/avif,image/webp",
): Promise<VariantRequest> {
  const request = await readRequest(target, accept, RULES);
  if (request.form === "original") throw new Error(`${target} asks for an original`);
  return request;
}

async function createMovingBench(): Promise<Bench> {
  const bench = createBench({ transform, cacheBytes: 1000 });
  await bench.putOriginal("clip", "clip");
  return bench;
}

async function findFormat(bench: Bench, request: VariantRequest): Promise<string> {
  const found = await bench.variants.find(request);
  await bench.drain();
  return found.request.format;
}

describe("an animation under f_auto", () => {
  it("comes in the next format that moves, and no other one is made", async () => {
    const bench = await createMovingBench();
    expect(await findFormat(bench, await negotiated())).toBe("webp");
    expect(await findFormat(bench, await negotiated())).toBe("webp");
    const sized = await bench.variants.find(await negotiated("/f_auto,w_8/clip"));
    // for good, and not until an AVIF is there
    expect(sized.request).toMatchObject({ format: "webp", isFallback: false });
    await bench.drain();
    const { keys } = await bench.store.list({ prefix: "" });
    expect(keys).toEqual(["variants/1/clip/w_8.webp", "variants/1/clip/w_9.webp"]);
  });

  it("comes in it too when somebody has asked for the first frame by name", async () => {
    const bench = await createMovingBench();
    const explicit = await requestOf("/f_avif,w_9/clip");
    expect(await findFormat(bench, explicit)).toBe("avif");
    expect(await findFormat(bench, await negotiated())).toBe("webp"); // by memory
    const other = createBench({ originals: bench.originals, store: bench.store, transform });
    expect(await findFormat(other, await negotiated())).toBe("webp"); // by metadata
    expect(await findFormat(other, explicit)).toBe("avif");
    const [one, two] = await Promise.all([
      findFormat(other, await negotiated("/f_auto,w_7/clip")),
      findFormat(other, await requestOf("/f_avif,w_7/clip")),
    ]);
    expect([one, two]).toEqual(["webp", "avif"]);
  });

  it.each([
    ["/f_auto,w_9,fl_still/clip", "image/avif,image/webp", "avif"],
    ["/f_auto,w_9/clip", "image/avif", "avif"],
    ["/f_auto,w_9/clip.gif", "image/avif,image/webp", "webp"],
    ["/f_auto,w_9,fl_still/clip.gif", "image/avif,image/webp", "webp"],
  ])("is %s for %s as %s", async (target, accept, format) => {
    const bench = await createMovingBench();
    await bench.putOriginal("clip.gif", "clip");
    expect(await findFormat(bench, await negotiated(target, accept))).toBe(format);
  });
});
