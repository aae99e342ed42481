import { transform } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_FUNCTION_BYTES } from "../../../src/edge/cloudfront/config.ts";
import { MediaError } from "../../../src/errors.ts";
import { readRequest } from "../../../src/request/read.ts";
import type { RequestRules } from "../../../src/request/request.ts";
import { IMAGE_FORMATS } from "../../../src/transform/formats.ts";
import { parsePresets } from "../../../src/transform/presets.ts";
import { printTransform } from "../../../src/transform/options.ts";
import { COMPASS_POINTS, MODES } from "../../../src/transform/spec.ts";
import type { ImageTransform, Transform } from "../../../src/transform/transform.ts";
import { toSpec } from "../../../src/transform/transform.ts";
import { encodeKey, encodeTransform } from "../../../src/url/percent.ts";
import { createUrls } from "../../../src/url/urls.ts";
import { encodeVariantKey } from "../../../src/url/variant-key.ts";
import type { FunctionRuntime } from "../../support/programs/cloudfront.ts";
import {
  hasNjs,
  makeFunction,
  rewriteInNjs,
  startFunction,
} from "../../support/programs/cloudfront.ts";
import { descriptions, keys, specs } from "../../support/url/specs.ts";
import { spellings } from "../../support/url/spellings.ts";
import { RULES } from "../../support/media/variants.ts";
import { REFUSED, STORED } from "../../support/url/vectors.ts";

const USUAL_TEXTS = {
  thumb: "w_150,h_150,c_fill,g_auto",
  soft: "e_blur:200,q_60,fl_progressive",
  wide: "ar_16:9,b_00008040,f_auto",
  huge: "w_4000,h_3000,c_fill",
  card: "w_300,q_70,f_webp",
  sharp: "w_80,fl_lossless,q_30",
};
const TEXTS = {
  ...USUAL_TEXTS,
  moving: "w_200,fl_animated,f_auto",
  poster: "w_200,fl_still,f_auto",
  facts: "f_json",
};
const presets = parsePresets(TEXTS);
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
  narrow: {
    ...RULES,
    presets,
    autoFormats: ["webp" as const],
    policy: { ...closed, allowed: { ...lists, options: ["w", "t"] } },
  },
  elsewhere: {
    ...RULES,
    presets,
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
async function findExpected(
  uri: string,
  accept: string | undefined,
  rules: RequestRules,
): Promise<string> {
  const left = stripBase(uri, rules);
  try {
    const request = await readRequest(uri, accept, rules);
    return request.form === "request" ? `/${encodeVariantKey(request.variantKey)}` : left;
  } catch (error) {
    if (error instanceof MediaError) return left;
    throw error;
  }
}

function stripBase(uri: string, { basePath }: RequestRules): string {
  return uri.startsWith(`${basePath}/`) ? uri.slice(basePath.length) : uri;
}

/** Texts that the expression or the table must not take for canonical ones. */
const NEARLY_CANONICAL = (
  "w_8193 h_8193 w_0 w_03 w_3.0 h_3,w_3 w_3,w_3 w_3,w_4 w_3&h_3 w_3,c_limit w_3,c_fill w_3,h_3,c_lfill w_3,h_3,c_cover " +
  "w_3,h_3,c_fit,g_north w_3,h_3,c_pad,g_auto w_3,h_3,g_center w_3,g_north g_auto,f_auto c_fit,f_jpg v_1 v_1,v_1 v_ " +
  "w_3,q_auto w_3,q_auto:good w_3,q_0 w_3,q_101 w_3,q_050 w_3,v_1,q_5 w_8192,h_8192,c_fill w_3001,h_3000,c_fill,f_avif " +
  "w_4000,h_2001,c_pad,f_gif f_auto, ,f_auto ,w_3 w_3, w_3,,f_auto f_webp,f_jpg,w_3 f_webp,f_webp,w_3 f_jpeg f_JPG f_ f_json " +
  "f_auto f_webp q_50 t_thumb, t_thumb,t_thumb t_thumb,t_card t_nope t_constructor t___proto__ t_ dpr_2,t_thumb,w_3 " +
  "dpr_3,t_thumb t_thumb,dpr_2 dpr_1,t_thumb f_gif,t_huge f_avif,t_huge dpr_2,t_huge f_avif,t_moving f_auto,t_moving w_320,h_213"
).split(" ");

/** Keys that are no keys, or that need a closer look. */
const HARD_KEYS = (
  "/w_320 /w_320/ /w_320// /w_320/_ /w_320/_/ /w_320/_/_/a.jpg /w_320/_/w_3/a.jpg /w_320/w_3/a.jpg /w_320/w_3 /w_320/flip_1,w_3/a.jpg " +
  "/w_320/e_books/a.jpg /w_320/t_thumb/a.jpg /w_320/a,h_3/b.jpg /w_320/a/w_3/b.jpg /w_320/../a.jpg /w_320/variants/1/a.jpg " +
  "/w_320/variants /w_320/media/a.jpg /w_320/_/variants/a.jpg /w_320/s--x--/a.jpg /s--x--/w_320/a.jpg /_/w_320/a.jpg //w_320/a.jpg"
).split(" ");

const side = fc.oneof(
  fc.integer({ min: 1, max: 2000 }),
  fc.constantFrom(...lists.widths, ...lists.heights),
);
const formats = fc.constantFrom(undefined, "auto" as const, ...IMAGE_FORMATS);
const versions = fc.constantFrom(undefined, "v1", "2026-01-31");
const extensions = fc.constantFrom(
  "",
  ".jpg",
  ".JPEG",
  ".png",
  ".webp",
  ".avif",
  ".gif",
  ".tar.gz",
);
/** Keys of the usual kind, and those that are hard to write. */
const objects = fc
  .tuple(fc.oneof(keys, fc.constantFrom("cat", "photos/2026/cat", "My Images/кот (1)")), extensions)
  .map((parts) => parts.join(""));

/** Transforms of which pages are full: size, mode, gravity, format, quality, version. */
const common: fc.Arbitrary<ImageTransform> = fc
  .record({
    size: fc.oneof(
      fc.record({ width: side }),
      fc.record({ height: side }),
      fc.record({ width: side, height: side }),
      fc.record({ width: side, aspectRatio: fc.constantFrom("16:9" as const, "3:2" as const) }),
    ),
    mode: fc.constantFrom(undefined, ...MODES),
    gravity: fc.constantFrom(undefined, ...COMPASS_POINTS, "auto" as const, "entropy" as const),
    format: formats,
    quality: fc.constantFrom(undefined, 1, 60, 100, "eco" as const, "good" as const),
    version: versions,
    dpr: fc.constantFrom(undefined, 1, 1.5, 2),
  })
  .map(({ size, ...rest }) => ({ ...rest, ...size }));

/** Presets, as in a `src` and in the second candidate of a `srcset`. */
const named: fc.Arbitrary<ImageTransform> = fc.record({
  presets: fc.constantFrom(...Object.keys(USUAL_TEXTS)).map((name) => [name]),
  format: formats,
  dpr: fc.constantFrom(undefined, 2),
});

/** The lists have widths alone. */
const listed: fc.Arbitrary<Transform> = fc.record({
  width: fc.constantFrom(...lists.widths),
  format: formats,
});

/** Presets with company, several of them, sizes that are on no list. */
const seldom: fc.Arbitrary<ImageTransform> = fc.oneof(
  fc
    .tuple(named, fc.record({ width: side, height: side, quality: fc.constantFrom(undefined, 60) }))
    .map(([preset, rest]): ImageTransform => ({ presets: preset.presets, ...rest })),
  fc.record({
    presets: fc.subarray(Object.keys(TEXTS), { minLength: 1, maxLength: 4 }),
    dpr: fc.constantFrom(undefined, 1, 1.5, 2, 2.5, 3),
    format: formats,
  }),
  fc.record({ width: side, height: side, quality: fc.constantFrom(undefined, 50, 51) }),
);

/** The path that the builder of URLs prints, beneath the base path. */
function build(
  key: string,
  asked: Transform,
  { basePath, prefix, originals }: RequestRules,
): string {
  const urls = createUrls({ baseUrl: basePath, presets: TEXTS, variantsRoot: prefix.root });
  return urls.url(originals.prefix + key, asked);
}

const [ALL, NONE, SOME] = ["100 %", "none", expect.stringMatching(/^\d+ %$/)];
/** How many of the URLs that the service makes variants of are rewritten. */
const RATES: Readonly<Record<string, unknown>> = {
  open: { common: ALL, listed: ALL, named: ALL },
  presets: { common: NONE, listed: NONE, named: ALL },
  allowed: { common: SOME, listed: ALL, named: ALL },
  both: { common: SOME, listed: ALL, named: ALL },
  narrow: { common: SOME, listed: ALL, named: ALL },
  elsewhere: { common: ALL, listed: ALL, named: ALL },
  signed: { common: NONE, listed: NONE, named: NONE },
};

/** The text as it is asked for, canonical or not. */
function toText(asked: Transform): string {
  return printTransform(toSpec(asked));
}

describe("the CloudFront Function", () => {
  it("leaves a third of CloudFront's limit to presets and lists", () => {
    expect(Buffer.byteLength(makeFunction(RULES))).toBeLessThanOrEqual(6500);
  });
});

describe.each(Object.entries(POLICIES))("the CloudFront Function, %s", (policy, rules) => {
  let code: string;
  let runtime: FunctionRuntime;

  beforeAll(async () => {
    code = makeFunction(rules);
    runtime = await startFunction(code);
  });

  afterAll(() => runtime.dispose());

  /** Fails on a wrong name, and says whether there is a right one. */
  async function checkRewriting(uri: string, accept: string | undefined): Promise<boolean> {
    const { uri: rewritten } = runtime.run({ uri, accept });
    if (rewritten === stripBase(uri, rules)) return false;
    expect([uri, rewritten]).toEqual([uri, await findExpected(uri, accept, rules)]);
    return true;
  }

  /** Builds URLs, and counts those that are rewritten among those that the service makes variants of. */
  async function measure(transforms: fc.Arbitrary<Transform>): Promise<string> {
    let [made, rewritten] = [0, 0];
    const urls = fc.tuple(objects, transforms, fc.constantFrom(...ACCEPTS));
    await fc.assert(
      fc.asyncProperty(urls, async ([key, asked, accept]) => {
        const uri = build(key, asked, rules);
        const isRewritten = await checkRewriting(uri, accept);
        if ((await findExpected(uri, accept, rules)) === stripBase(uri, rules)) return;
        made++;
        if (isRewritten) rewritten++;
      }),
      { numRuns: 300 },
    );
    return made === 0 ? "none" : `${Math.floor((100 * rewritten) / made)} %`;
  }

  it("is small enough", () => {
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(MAX_FUNCTION_BYTES);
  });

  it("is written in the syntax that the runtime has", async () => {
    // esbuild would rewrite later syntax for this target
    const supported = { arrow: true, "const-and-let": true, "template-literal": true };
    const [older, newer] = await Promise.all(
      ["es5", "esnext"].map((target) => transform(code, { target, supported })),
    );
    expect(older?.code).toBe(newer?.code);
  });

  it("rewrites every URL of the builder that is common under its policy", async () => {
    expect({
      common: await measure(common),
      listed: await measure(listed),
      named: await measure(named),
    }).toEqual(RATES[policy]);
  });

  it("rewrites no vector of the grammar wrongly, and no text that is nearly canonical", async () => {
    const vectors = [...STORED, ...REFUSED].map(([target]) => target);
    const near = NEARLY_CANONICAL.flatMap((text) => [`/${text}/a.jpg`, `/${text}/%D1%84/a.png`]);
    for (const target of [...vectors, ...near, ...HARD_KEYS]) {
      for (const accept of ACCEPTS) await checkRewriting(rules.basePath + target, accept);
    }
  });

  it("rewrites nothing wrongly that is printed", async () => {
    const texts = fc.oneof(
      fc.tuple(fc.oneof(specs, descriptions).map(printTransform), keys),
      fc.tuple(fc.oneof(common, named, seldom).map(toText), objects),
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(...ACCEPTS), async ([text, key], accept) => {
        await checkRewriting(
          `${rules.basePath}/${encodeTransform(text)}/${encodeKey(key)}`,
          accept,
        );
      }),
      { numRuns: 600 },
    );
  });

  it("rewrites no spelling wrongly", async () => {
    await fc.assert(
      fc.asyncProperty(spellings, fc.constantFrom(...ACCEPTS), async (path, accept) => {
        await checkRewriting(rules.basePath + path, accept);
      }),
      { numRuns: 1500 },
    );
  });

  it.skipIf(!hasNjs())("does the same in njs", () => {
    const paths = [...STORED, ...REFUSED].map(([target]) => target);
    const typed = fc.sample(spellings, 1000);
    const built = fc.sample(fc.tuple(objects, fc.oneof(common, named, listed)), 1000);
    const events = [
      ...[...paths, ...typed].map((path) => rules.basePath + path),
      ...built.map(([key, asked]) => build(key, asked, rules)),
    ].map((uri, index) => ({ uri, accept: ACCEPTS[index % ACCEPTS.length] }));
    expect(rewriteInNjs(code, events)).toEqual(events.map((event) => runtime.run(event).uri));
  });

  it("leaves hostile paths as they are, in no time", () => {
    const long = [
      `/${"w_300,".repeat(340)}/a.jpg`,
      `/${"f_auto,".repeat(290)}/a.jpg`,
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
    const uri = `${rules.basePath}/w_320/a.jpg`;
    expect(runtime.run({ uri, method: "POST" }).uri).toBe("/w_320/a.jpg");
    expect(runtime.run({ uri, querystring: { explain: { value: "" } } }).uri).toBe("/w_320/a.jpg");
  });

  it("makes one of few values of Accept", () => {
    const uri = `${rules.basePath}/s--${"A".repeat(43)}--/w_3,f_auto/a.jpg`;
    const values = ACCEPTS.map((accept) => runtime.run({ uri, accept }).accept);
    const all = ["*/*", "image/webp", "image/avif,image/webp"];
    expect(all).toEqual(expect.arrayContaining(values));
  });
});
