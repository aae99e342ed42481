import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

/** Runs inside of workerd, without any of Node's modules or globals. */
const WORKER = `
  import { buildPath, MediaError, parsePath, parseTransform, printTransform } from "./index.ts";
  import { readRequest } from "./media/request.ts";
  import { createMemoryStore } from "./store/memory.ts";

  const prefix = { root: "variants/", epoch: "1" };
  const rules = { basePath: "", prefix, autoFormats: ["avif", "webp"] };

  async function run() {
    const store = createMemoryStore();
    await store.put("a", new Uint8Array([1]), { contentType: "image/png" });
    const path = buildPath("photos/a b.jpg", { height: 200, width: 300, format: "webp" });
    return {
      globals: [typeof process, typeof Buffer],
      path,
      parsed: parsePath("/w_300/cat.jpg"),
      printed: printTransform(parseTransform("h_2,w_1")),
      request: readRequest(path, "image/avif", rules).variantKey,
      refused: refusal(() => readRequest("/w_30O/a.jpg", undefined, rules)),
      size: (await store.head("a")).size,
    };
  }

  function refusal(read) {
    try { read(); } catch (error) { return error instanceof MediaError && error.code; }
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
      parsed: {
        key: "cat.jpg",
        spec: { width: 300 },
        isFenced: false,
        hint: 'if "w_300" is a folder, put "_/" before it',
      },
      printed: "w_1,h_2",
      request: "variants/1/photos/a b.jpg/w_300,h_200.webp",
      refused: "invalid_transform",
      size: 1,
    });
  });
});
