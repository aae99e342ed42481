import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  fillFunction,
  functionKindOf,
  MAX_FUNCTION_BYTES,
} from "../../../src/edge/cloudfront/config.ts";
import { MediaError } from "../../../src/errors.ts";
import type { RequestRules } from "../../../src/request/request.ts";
import { readRequest } from "../../../src/request/read.ts";
import { parsePresets } from "../../../src/transform/parse-presets.ts";
import { printTransform } from "../../../src/transform/print.ts";
import { decodeSegment, encodeKey, encodeTransform } from "../../../src/url/percent.ts";
import { encodeVariantKey } from "../../../src/url/variant-key.ts";
import { bundleFunction } from "../../../tools/cloudfront-function.ts";
import type { FunctionRuntime } from "../../support/cloudfront.ts";
import { hasNjs, rewriteInNjs, startFunction } from "../../support/cloudfront.ts";
import { descriptions, keys, specs } from "../../support/specs.ts";
import { spellings } from "../../support/spellings.ts";
import { RULES } from "../../support/variants.ts";
import { REFUSED, STORED } from "../../support/vectors.ts";

const presets = parsePresets({
  thumb: "w_150,h_150,c_fill,g_auto",
  soft: "e_blur:200,q_60,fl_progressive",
  wide: "ar_16:9,b_00008040,f_auto",
});
const lists = {
  widths: [100, 320, 640, 1280],
  heights: [100, 200],
  ratios: [
    { width: 3, height: 2 },
    { width: 16, height: 9 },
  ],
  qualities: [50, "eco" as const],
  options: ["w", "h", "ar", "c", "g", "f", "dpr", "t"],
};
const closed = { isOpen: false, hasPresets: false };

const POLICIES = {
  open: { ...RULES, presets },
  presets: { ...RULES, presets, policy: { ...closed, hasPresets: true } },
  allowed: { ...RULES, presets, policy: { ...closed, allowed: lists } },
  both: { ...RULES, presets, policy: { isOpen: false, hasPresets: true, allowed: lists } },
  elsewhere: {
    ...RULES,
    basePath: "/i",
    prefix: { root: "media/", epoch: "b-2" },
    autoFormats: ["webp" as const],
    originals: { passthrough: "allow" as const, prefix: "фото/" },
  },
  signed: { ...RULES, presets, policy: closed },
} satisfies Record<string, RequestRules>;

const ACCEPTS = [
  undefined,
  "*/*",
  "image/webp,*/*",
  "image/avif,image/webp,image/apng,image/*,*/*;q=0.8",
  "image/avif;q=0, Image/WebP ; q=0.5",
];

/** The path that a service of these rules has the variant under; the target itself where it has none. */
async function expected(
  uri: string,
  accept: string | undefined,
  rules: RequestRules,
): Promise<string> {
  const isOurs = uri.startsWith(`${rules.basePath}/`);
  const left = isOurs ? uri.slice(rules.basePath.length) : uri;
  try {
    const request = await readRequest(uri, accept, rules);
    return request.form === "request" ? `/${encodeVariantKey(request.variantKey)}` : left;
  } catch (error) {
    if (error instanceof MediaError) return left;
    throw error;
  }
}

/** A second segment that may be one of options. */
const SELDOM_FOLDER = /^\/[^/]+\/(?:[^/]*[,&])?(?:b|background|crop|e|extract|blur|sharpen)_/;

function decodePath(path: string): string {
  return path.split("/").map(decodeSegment).join("/");
}

/** Folders that are called like seldom options are left to the service, for lack of room. */
function mayLeave({ policy }: RequestRules, path: string): boolean {
  return functionKindOf(policy) === "lists" && SELDOM_FOLDER.test(decodePath(path));
}

async function codeOf(rules: RequestRules): Promise<string> {
  return fillFunction(await bundleFunction(functionKindOf(rules.policy)), rules);
}

describe.each(Object.entries(POLICIES))("the CloudFront Function, %s", (_, rules) => {
  let code: string;
  let runtime: FunctionRuntime;

  beforeAll(async () => {
    code = await codeOf(rules);
    runtime = await startFunction(code);
  });

  afterAll(() => runtime.dispose());

  it("is small enough", () => {
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(MAX_FUNCTION_BYTES);
  });

  it("rewrites every vector of the grammar as the service reads it", async () => {
    for (const target of [
      ...STORED.map(([vector]) => vector),
      ...REFUSED.map(([vector]) => vector),
    ]) {
      for (const accept of ACCEPTS) {
        const uri = rules.basePath + target;
        expect([target, runtime.run({ uri, accept }).uri]).toEqual([
          target,
          await expected(uri, accept, rules),
        ]);
      }
    }
  });

  it("rewrites what is printed as the service reads it", async () => {
    const texts = fc.tuple(fc.oneof(specs, descriptions).map(printTransform), keys);
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(...ACCEPTS), async ([text, key], accept) => {
        const path = `/${encodeTransform(text)}/${encodeKey(key)}`;
        const uri = rules.basePath + path;
        const { uri: rewritten } = runtime.run({ uri, accept });
        if (mayLeave(rules, path) && rewritten === path) return;
        expect(rewritten).toBe(await expected(uri, accept, rules));
      }),
      { numRuns: 500 },
    );
  });

  it("rewrites no spelling otherwise than the service reads it", async () => {
    await fc.assert(
      fc.asyncProperty(spellings, fc.constantFrom(...ACCEPTS), async (path, accept) => {
        const uri = rules.basePath + path;
        const { uri: rewritten } = runtime.run({ uri, accept });
        if (mayLeave(rules, path) && rewritten === path) return;
        expect(rewritten).toBe(await expected(uri, accept, rules));
      }),
      { numRuns: 3000 },
    );
  });

  it.skipIf(!hasNjs())("does the same in njs", () => {
    const paths = [...STORED, ...REFUSED].map(([target]) => target);
    const typed = fc.sample(spellings, 2000);
    const events = [...paths, ...typed].map((path, index) => ({
      uri: rules.basePath + path,
      accept: ACCEPTS[index % ACCEPTS.length],
    }));
    expect(rewriteInNjs(code, events)).toEqual(events.map((event) => runtime.run(event).uri));
  });

  it("leaves what is hostile as it is, and in no time", () => {
    const long = [
      `/${"w_300,".repeat(340)}/a.jpg`,
      `/w_300/${"a/".repeat(1000)}a.jpg`,
      `/w_300/${"%ff".repeat(600)}.jpg`,
      `/${"%25".repeat(600)}/a.jpg`,
      `/${"e_blur:1,&".repeat(200)}/a.jpg`,
      `/w_1/${"_".repeat(2000)}`,
      "/".repeat(2000),
      `/w_3/${"x".repeat(9000)}`,
      "//evil.example/w_3/a.jpg",
      "",
      "w_3/a.jpg",
      "/w_3/a.jpg\n",
    ];
    for (const path of long) {
      const uri = rules.basePath + path;
      const begin = process.cpuUsage(); // of this process: others may have the machine meanwhile
      expect(() => runtime.run({ uri, accept: "image/avif,".repeat(500) })).not.toThrow();
      const { user } = process.cpuUsage(begin);
      expect(user / 1000).toBeLessThan(1000); // some milliseconds; far more would be no accident
    }
  });

  it("touches no other method, and no explanation", () => {
    const uri = `${rules.basePath}/w_300/a.jpg`;
    expect(runtime.run({ uri, method: "POST" }).uri).toBe("/w_300/a.jpg");
    expect(runtime.run({ uri, querystring: { explain: { value: "" } } }).uri).toBe("/w_300/a.jpg");
  });

  it("makes one of few values of Accept", () => {
    const uri = `${rules.basePath}/s--${"A".repeat(43)}--/w_3,f_auto/a.jpg`;
    const values = ACCEPTS.map((accept) => runtime.run({ uri, accept }).accept);
    const all = ["*/*", "image/webp", "image/avif,image/webp"];
    expect(all).toEqual(expect.arrayContaining(values));
  });
});
