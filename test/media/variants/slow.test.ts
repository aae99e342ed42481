import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import type { VariantRequest } from "../../../src/request/request.ts";
import { readRequest } from "../../../src/request/read.ts";
import type { FoundVariant } from "../../../src/media/variants/variants.ts";
import { createDeferred } from "../../support/deferred.ts";
import type { Bench } from "../../support/media/variants.ts";
import { createBench, madeOf, requestOf, RULES } from "../../support/media/variants.ts";

const ACCEPT = "image/avif,image/webp,*/*";

async function negotiated(target = "/f_auto/cat.jpg"): Promise<VariantRequest> {
  const request = await readRequest(target, ACCEPT, RULES);
  if (request.form === "original") throw new Error(`${target} asks for an original`);
  return request;
}

/** AVIF is slow: it is declined, or takes until the gate opens. */
function createSlowBench(): Bench & { readonly open: () => void } {
  const gate = createDeferred<void>();
  const transform: MissDeps["transform"] = async ({ format, skipIfSlow }) => {
    if (format !== "avif") return madeOf(new TextEncoder().encode(format));
    if (skipIfSlow) return { kind: "too_slow" };
    await gate.promise;
    return madeOf(new TextEncoder().encode(format));
  };
  return { ...createBench({ transform, cacheBytes: 1000 }), open: () => gate.resolve() };
}

function formatOf(found: FoundVariant): string {
  return found.request.format;
}

describe("a slow codec under f_auto", () => {
  it("gives way to the next format until it is done", async () => {
    const bench = createSlowBench();
    await bench.putOriginal("cat.jpg", "cat");
    const first = await bench.variants.find(await negotiated());
    expect(first).toMatchObject({ kind: "made", request: { format: "webp", isFallback: true } });
    const second = await bench.variants.find(await negotiated());
    expect(formatOf(second)).toBe("webp");
    bench.open();
    await bench.drain();
    const third = await bench.variants.find(await negotiated());
    expect(third).toMatchObject({ kind: "stored", request: { format: "avif" } });
    expect(third.request.isFallback).toBeUndefined();
    expect(bench.calls.filter((call) => call === "originals.get")).toHaveLength(1);
  });

  it("is made for who asks for it by name, with those who come later", async () => {
    const bench = createSlowBench();
    await bench.putOriginal("cat.jpg", "cat");
    const explicit = bench.variants.find(await requestOf("/f_avif/cat.jpg"));
    bench.open();
    expect(formatOf(await explicit)).toBe("avif");
  });

  it("joins who asks for it by name to the job behind the others", async () => {
    const bench = createSlowBench();
    await bench.putOriginal("cat.jpg", "cat");
    await bench.variants.find(await negotiated());
    const explicit = bench.variants.find(await requestOf("/f_avif/cat.jpg"));
    bench.open();
    expect(formatOf(await explicit)).toBe("avif");
    await bench.drain();
    expect(bench.events.filter(({ kind }) => kind === "transform")).toHaveLength(2);
  });

  it("that failed lately is passed over", async () => {
    const bench = createBench({
      transform: async ({ format, skipIfSlow }) => {
        if (format !== "avif") return madeOf(new TextEncoder().encode(format));
        if (skipIfSlow) return { kind: "too_slow" };
        throw new MediaError("unusable_original", "too slow");
      },
    });
    await bench.putOriginal("cat.jpg", "cat");
    expect(formatOf(await bench.variants.find(await negotiated()))).toBe("webp");
    await bench.drain();
    expect(formatOf(await bench.variants.find(await negotiated()))).toBe("webp");
    await expect(bench.variants.find(await requestOf("/f_avif/cat.jpg"))).rejects.toThrow("slow");
    expect(bench.count("background_failed")).toBe(1);
  });

  it("gives way down to the plain format", async () => {
    const bench = createBench({
      transform: async ({ format, skipIfSlow }) =>
        skipIfSlow ? { kind: "too_slow" } : madeOf(new TextEncoder().encode(format)),
    });
    await bench.putOriginal("cat.jpg", "cat");
    const found = await bench.variants.find(await negotiated());
    expect(formatOf(found)).toBe("jpg");
    await bench.drain();
    expect(formatOf(await bench.variants.find(await negotiated()))).toBe("avif");
  });
});

describe("requests whose clients have gone", () => {
  it("end the work that nobody else waits for", async () => {
    let isAbandoned = false;
    const bench = createBench({
      transform: (_, { abandoned }) =>
        new Promise((_resolve, reject) => {
          abandoned?.addEventListener("abort", () => {
            isAbandoned = true;
            reject(abandoned.reason);
          });
        }),
    });
    await bench.putOriginal("cat.jpg", "cat");
    const client = new AbortController();
    const found = bench.variants.find(await requestOf("/w_1/cat.jpg"), { signal: client.signal });
    setTimeout(() => client.abort(new Error("gone")), 20);
    await expect(found).rejects.toThrow("gone");
    expect(isAbandoned).toBe(true);
  });
});
