import type { AppDeps } from "../../src/http/app.ts";
import { createApp } from "../../src/http/app.ts";
import { DEFAULT_CACHE_RULES } from "../../src/http/cache-control.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";
import { identifyPicture } from "../../src/image/identify.ts";
import { transformImage } from "../../src/image/pipeline.ts";
import type { Logger } from "../../src/logger.ts";
import { drawQuadrants } from "./images.ts";
import type { BenchOptions } from "./variants.ts";
import { createBench, RULES } from "./variants.ts";
import type { Bench } from "./variants.ts";

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestApp extends Bench {
  readonly log: LogLine[];
  request(target: string, init?: RequestInit): Promise<Response>;
}

function zero(): number {
  return 0;
}

/** The whole service but for its listener, on memory stores, with real pixels. */
export function createTestApp(
  overrides: Partial<AppDeps> = {},
  options: BenchOptions = {},
): TestApp {
  const log: LogLine[] = [];
  const write =
    (level: keyof Logger) =>
    (message: string, fields: LogLine["fields"] = {}): void =>
      void log.push({ level, message, fields });
  const bench = createBench({
    transform: (job) => transformImage(job, DEFAULT_IMAGE_LIMITS),
    ...options,
  });
  const metrics = createMetrics({
    children: zero,
    busyChildren: zero,
    queued: zero,
    background: zero,
  });
  const app = createApp({
    variants: bench.variants,
    originals: bench.lent,
    originalsUrl: undefined,
    identify: identifyPicture,
    storeTimeoutMs: 500,
    rules: RULES,
    delivery: "auto",
    publicUrl: undefined,
    cache: DEFAULT_CACHE_RULES,
    isReady: () => true,
    isStopping: () => false,
    observe: metrics.observe,
    metrics,
    logger: { info: write("info"), warn: write("warn"), error: write("error") },
    admin: { token: undefined, isLocal: true },
    ...overrides,
  });
  return {
    ...bench,
    log,
    // the adapter hands the raw target over; a URL would lose its dot segments
    request: async (target, init) =>
      app.fetch(new Request("http://localhost/", init), { incoming: { url: target } }),
  };
}

export async function putPicture(app: Bench, key: string, bytes: Uint8Array): Promise<void> {
  await app.originals.put(key, bytes, { contentType: "application/octet-stream" });
}

/** An application whose originals hold one picture, `photos/cat.jpg`, of 400 by 200 pixels. */
export async function createFilledApp(
  ...options: Parameters<typeof createTestApp>
): Promise<TestApp> {
  const created = createTestApp(options[0], { maxBytes: 1_000_000, ...options[1] });
  await putPicture(created, "photos/cat.jpg", await drawQuadrants(400, 200).png().toBuffer());
  return created;
}
