import { describe, expect, it } from "vitest";
import type { BucketBody } from "../../../src/edge/worker/bindings.ts";
import { answerHit } from "../../../src/edge/worker/hit.ts";
import { readSettings } from "../../../src/edge/worker/settings.ts";
import { readRequest } from "../../../src/request/read.ts";
import { RECIPE } from "../../../src/media/recipe.ts";
import type { VariantRequest } from "../../../src/request/request.ts";

function objectOf(text: string, sha256: string): BucketBody {
  const bytes = new TextEncoder().encode(text);
  return {
    httpEtag: `"${sha256}"`,
    size: bytes.length,
    uploaded: new Date(0),
    httpMetadata: { contentType: "image/jpeg" },
    customMetadata: { "source-etag": '"source"', sha256 },
    body: new Blob([bytes]).stream() as ReadableStream<Uint8Array>, // of bytes, whatever its type says
  };
}

/** On a bucket whose object is replaced after it was described. */
async function askWith(headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  const settings = readSettings({
    ORIGIN_URL: "https://origin.example",
    POLICY: "open",
    VARIANTS_BUCKET: {
      head: async () => objectOf("old", "a".repeat(64)),
      get: async () => objectOf("new bytes", "b".repeat(64)),
    },
  });
  const request = await readRequest("/w_3/a.jpg", undefined, settings.rules);
  const client = { method: "GET", headers: new Headers(headers) };
  const hit = await answerHit(settings, request as VariantRequest, client); // it asks for a variant
  return hit?.response.text();
}

/** An object as the service stores it: of this recipe, and the first frame of an animation or not. */
function storedOf(format: string, metadata: Readonly<Record<string, string>>): BucketBody {
  const object = objectOf(format, format.padEnd(64, "0"));
  const customMetadata = { ...object.customMetadata, recipe: String(RECIPE), ...metadata };
  return { ...object, httpMetadata: { contentType: `image/${format}` }, customMetadata };
}

describe("answerHit", () => {
  it("gives the format that moves in place of the first frame, under f_auto", async () => {
    const objects = { avif: { "first-frame": "true" }, webp: {} };
    const find = async (key: string): Promise<BucketBody | null> => {
      const format = key.endsWith("avif") ? "avif" : "webp";
      return storedOf(format, objects[format]);
    };
    const settings = readSettings({
      ORIGIN_URL: "https://origin.example",
      POLICY: "open",
      VARIANTS_BUCKET: { head: find, get: find },
    });
    const ask = async (target: string): Promise<string | undefined> => {
      const request = await readRequest(target, "image/avif,image/webp", settings.rules);
      const client = { method: "GET", headers: new Headers() };
      const hit = await answerHit(settings, request as VariantRequest, client); // as above
      return hit?.response.text();
    };
    expect(await ask("/w_3,f_auto/clip")).toBe("webp");
    expect(await ask("/w_3,f_avif/clip")).toBe("avif");
  });

  it("never gives the head of one version and the bytes of another", async () => {
    expect(await askWith({})).toBe("new bytes");
    expect(await askWith({ range: "bytes=0-1" })).toBeUndefined();
    expect(await askWith({ range: "bytes=0-1,2-2" })).toBeUndefined();
    expect(await askWith({ "if-none-match": '"other"' })).toBeUndefined();
  });
});
