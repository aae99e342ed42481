import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

/** Runs inside of workerd, without any of Node's modules or globals. */
const WORKER = `
  import { createUrls, MediaError } from "./index.ts";
  import { readRequest } from "./request/read.ts";
  import { createMemoryStore } from "./store/memory.ts";
  import { createVerify } from "./url/signature.ts";

  const rules = {
    basePath: "",
    prefix: { root: "variants/", epoch: "1" },
    autoFormats: ["avif", "webp"],
    presets: new Map(),
    policy: { isOpen: true, hasPresets: false },
    mayMakeStored: () => true,
    verify: createVerify(["0123456789abcdef"]),
    unsignedStored: "all",
    originals: { passthrough: "refuse", prefix: "" },
    now: () => 0,
  };
  const urls = createUrls({ baseUrl: "https://img.example" });

  async function run() {
    const store = createMemoryStore();
    await store.put("a", new Uint8Array([1]), { contentType: "image/png" });
    const url = urls.url("photos/a b.jpg", { height: 200, width: 300, format: "webp" });
    const path = url.slice("https://img.example".length);
    const request = await readRequest(path, "image/avif", rules);
    return {
      globals: [typeof process, typeof Buffer],
      path,
      parsed: urls.parse("/h_2,w_1/cat.jpg"),
      request: request.variantKey,
      refused: await refusal("/w_30O/a.jpg"),
      unsigned: await refusal("/s--" + "A".repeat(43) + "--/w_3/a.jpg"),
      size: (await store.head("a")).size,
    };
  }

  async function refusal(target) {
    try { await readRequest(target, undefined, rules); }
    catch (error) { return error instanceof MediaError && error.code; }
  }

  export default { fetch: async () => Response.json(await run()) };
`;

let workerd: Miniflare;

beforeAll(async () => {
  const bundle = await build({
    stdin: { contents: WORKER, resolveDir: SRC },
    bundle: true,
    format: "esm",
    platform: "neutral", // a module of Node's does not resolve
    write: false,
  });
  workerd = new Miniflare({
    modules: true,
    script: bundle.outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
  });
});

afterAll(async () => {
  await workerd.dispose();
});

describe("the core in workerd", () => {
  it("builds, parses, addresses and stores without Node", async () => {
    const answer = await workerd.dispatchFetch("http://localhost/");
    expect(await answer.json()).toEqual({
      globals: ["undefined", "undefined"],
      path: "/w_300,h_200,f_webp/photos/a%20b.jpg",
      parsed: { key: "cat.jpg", transform: { width: 1, height: 2 }, format: "jpg" },
      request: "variants/1/photos/a b.jpg/w_300,h_200.webp",
      refused: "invalid_transform",
      unsigned: "invalid_signature",
      size: 1,
    });
  });
});
