import type { AppDeps } from "../../../src/http/app.ts";
import { InFlightBytes } from "../../../src/http/node/in-flight-bytes.ts";
import { createRequestLog } from "../../../src/http/access-log.ts";
import { createApp } from "../../../src/http/app.ts";
import { DEFAULT_CACHE_RULES } from "../../../src/http/answer/cache-control.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { sniffMediaType } from "../../../src/image/input/formats.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import type { Logger } from "../../../src/logger.ts";
import { createWarmer } from "../../../src/media/warm/warm.ts";
import { drawQuadrants } from "../images.ts";
import { purge } from "../../../src/media/purge/purge.ts";
import { createEventReceiver } from "../../../src/events/receive.ts";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import { createPage } from "../../../src/service/page.ts";
import type { BenchOptions } from "../media/variants.ts";
import { createBench, RULES } from "../media/variants.ts";
import type { Bench } from "../media/variants.ts";

/** The token of operators, in every service of the tests that is given no other. */
export const ADMIN_TOKEN = "a-token-of-operators";
export const OPERATOR = { authorization: `Bearer ${ADMIN_TOKEN}` };

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestApp extends Bench {
  readonly log: LogLine[];
  request(target: string, init?: RequestInit): Promise<Response>;
  /** The same with the token. */
  operate(target: string, init?: RequestInit): Promise<Response>;
}

/** Makes images in this process. */
const transform: MissDeps["transform"] = async (job) => ({
  queueMs: 0,
  transformMs: 0,
  ...(await transformImage(job, { limits: DEFAULT_IMAGE_LIMITS })),
});

/** The whole service but for its listener, on memory stores, with real pixels. */
export function createTestApp(
  overrides: Partial<AppDeps> = {},
  options: BenchOptions & { readonly secrets?: readonly string[] } = {},
): TestApp {
  const log: LogLine[] = [];
  const write =
    (level: keyof Logger) =>
    (message: string, fields: LogLine["fields"] = {}): void =>
      void log.push({ level, message, fields });
  const bench = createBench({ transform, ...options });
  const metrics = createMetrics({
    pool: () => ({ workers: 0, busy: 0, queued: 0, queuedBackground: 0 }),
    background: () => 0,
  });
  const logger = { info: write("info"), warn: write("warn"), error: write("error") };
  const purging = {
    bucket: undefined,
    variants: bench.store,
    cache: bench.cache,
    prefix: RULES.prefix,
    background: bench.background,
    observe: metrics.observe,
  };
  const app = createApp({
    purge: (target, purgeOptions) => purge(purging, target, purgeOptions),
    events: createEventReceiver(purging, new Set()),
    variants: bench.variants,
    warm: createWarmer({
      variants: bench.variants,
      rules: overrides.rules ?? RULES,
      atOnce: { originals: 2, variants: 32 },
      isBackground: true,
      now: () => performance.now(),
    }),
    originals: bench.sharedOriginals,
    originalsUrl: undefined,
    identify: sniffMediaType,
    storeTimeoutMs: 500,
    rules: RULES,
    delivery: "auto",
    publicUrl: undefined,
    cache: DEFAULT_CACHE_RULES,
    isReady: () => true,
    isStopping: () => false,
    observe: (event) => {
      bench.events.push(event);
      metrics.observe(event);
    },
    metrics,
    inFlightBytes: new InFlightBytes(Infinity),
    logRequest: createRequestLog({ logger, count: metrics.countRequest }),
    logger,
    page: createPage(
      {
        access: {
          ...RULES,
          originals: { ...RULES.originals, url: undefined, keepLocation: false },
          secrets: options.secrets ?? [],
          variants: "public",
        },
        basePath: RULES.basePath,
        prefix: RULES.prefix,
      },
      {
        store: bench.originals,
        originals: bench.sharedOriginals,
        variants: bench.store,
        transform,
        hasRoom: () => true,
        storeTimeoutMs: 500,
        requestTimeoutMs: 10_000,
      },
    ),
    adminToken: ADMIN_TOKEN,
    mediaToken: undefined,
    media: async () => new Response(null, { status: 404 }),
    ...overrides,
  });
  // the adapter hands the raw target over; a URL would lose its dot segments
  const request: TestApp["request"] = async (target, init) =>
    app.fetch(new Request("http://localhost/", init), { incoming: { url: target } });
  return {
    ...bench,
    log,
    request,
    operate: (target, { headers, ...init } = {}) =>
      request(target, {
        ...init,
        headers: { ...OPERATOR, ...Object.fromEntries(new Headers(headers)) },
      }),
  };
}

export async function putImage(app: Bench, key: string, bytes: Uint8Array): Promise<void> {
  await app.originals.put(key, bytes, { contentType: "application/octet-stream" });
}

/** An application whose originals hold one image, `photos/cat.jpg`, of 400 by 200 pixels. */
export async function createFilledApp(
  ...options: Parameters<typeof createTestApp>
): Promise<TestApp> {
  const created = createTestApp(options[0], { maxBytes: 1_000_000, ...options[1] });
  await putImage(created, "photos/cat.jpg", await drawQuadrants(400, 200).png().toBuffer());
  return created;
}

/** The same, with variants of that image that are kept. */
export async function createAppWithVariants(
  ...options: Parameters<typeof createTestApp>
): Promise<TestApp> {
  const created = await createFilledApp(...options);
  await created.request("/w_3/photos/cat.jpg");
  await created.request("/w_4/photos/cat.jpg");
  await created.drain();
  return created;
}
