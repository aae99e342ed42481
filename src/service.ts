import { availableParallelism } from "node:os";
import type { Config } from "./config.ts";
import type { Metrics } from "./http/metrics.ts";
import { createMetrics } from "./http/metrics.ts";
import { startChildWorker } from "./image/child-worker.ts";
import type { ImageLimits } from "./image/gate.ts";
import { identifyPicture } from "./image/identify.ts";
import type { Pool } from "./image/pool.ts";
import { createPool } from "./image/pool.ts";
import type { Worker } from "./image/worker.ts";
import type { Logger } from "./logger.ts";
import { createBackground } from "./media/background.ts";
import { createByteBudget } from "./media/byte-budget.ts";
import type { MediaEvent, Observe } from "./media/events.ts";
import { createMemo } from "./media/memo.ts";
import type { Originals } from "./media/originals.ts";
import { createOriginals } from "./media/originals.ts";
import type { RequestRules } from "./media/request.ts";
import type { Variants } from "./media/variants.ts";
import { createVariants } from "./media/variants.ts";
import { createWriteBack } from "./media/write-back.ts";
import { createFileStore } from "./store/file.ts";
import { createS3Client } from "./store/s3-client.ts";
import { createS3Store } from "./store/s3.ts";
import type { ObjectStore } from "./store/store.ts";
import { createPermits } from "./transform/policy.ts";
import { createVerify } from "./url/signature.ts";

/** The parts of a service, wired, without its HTTP. */
export interface Service {
  readonly variants: Variants;
  readonly metrics: Metrics;
  readonly observe: Observe;
  readonly originals: Originals;
  readonly originalsUrl: string | undefined;
  readonly originalsStore: ObjectStore;
  readonly publicUrl: string | undefined;
  readonly rules: RequestRules;
  readonly identify: (bytes: Uint8Array) => string | undefined;
  readonly storeTimeoutMs: number;
  /** Reaches for the stores and starts the image processes. */
  start(): Promise<void>;
  /** Resolves when all background work is done. */
  drain(): Promise<void>;
  stop(): void;
}

const now = (): number => performance.now();

export function createService(config: Config, logger: Logger): Service {
  const stores = createStores(config);
  const pool = createImagePool(config, (error) => {
    observe({ kind: "background_failed", task: "start an image process", error });
  });
  const background = createBackground();
  const metrics = createMetrics({
    children: () => pool.stats().workers,
    busyChildren: () => pool.stats().busy,
    queued: () => pool.stats().queued,
    background: background.size,
  });
  const observe = createObserver(metrics, logger);
  const storedAs = { engine: pool.engine, cacheControl: config.cache.versioned };
  const originals = createOriginals({
    store: stores.originals,
    maxBytes: config.maxOriginalBytes,
    // room to read the next ones while every process is at work
    budget: createByteBudget(2 * slotsOf(config) * config.maxOriginalBytes, config.pool.waitMs),
    observe,
    now,
  });
  // with files this service is itself what serves the stored form
  const publicUrl =
    config.publicUrl ?? (config.store.kind === "file" ? config.basePath : undefined);
  const variants = createVariants({
    originals,
    variants: stores.variants,
    transform: pool.run,
    prefix: config.prefix,
    freshness: config.freshness,
    memo: createMemo(now),
    writeBack: createWriteBack({ ...stores, storedAs }),
    storeTimeoutMs: config.timeouts.storeMs,
    requestTimeoutMs: config.timeouts.requestMs,
    background,
    observe,
    now,
  });
  return {
    variants,
    metrics,
    observe,
    originals,
    originalsUrl: config.access.originals.url,
    originalsStore: stores.originals,
    publicUrl,
    rules: createRules(config),
    identify: identifyPicture,
    storeTimeoutMs: config.timeouts.storeMs,
    start: async () => {
      await Promise.all([probe(stores, logger), pool.start()]);
    },
    drain: background.drain,
    stop: pool.stop,
  };
}

/** With files this service is itself what serves the stored form. */
function publicUrlOf({ publicUrl, store, basePath }: Config): string | undefined {
  return publicUrl ?? (store.kind === "file" ? basePath : undefined);
}

/** What decides how requests are read. */
export function createRules(config: Config): RequestRules {
  const { policy, presets, secrets, originals } = config.access;
  return {
    basePath: config.basePath,
    prefix: config.prefix,
    autoFormats: config.autoFormats,
    presets,
    policy,
    permits: createPermits(policy, presets),
    ...(secrets.length > 0 && { verify: createVerify(secrets) }),
    arePublic: publicUrlOf(config) !== undefined,
    originals,
    now: () => Date.now(),
  };
}

interface Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
}

function createStores({ store, timeouts }: Config): Stores {
  if (store.kind === "file") {
    return {
      originals: createFileStore({ root: store.originalsDir }),
      variants: createFileStore({ root: store.variantsDir, shouldCreate: true }),
    };
  }
  const client = createS3Client({ forcePathStyle: store.forcePathStyle });
  const inBucket = (bucket: string): ObjectStore =>
    createS3Store({ client, bucket, timeoutMs: timeouts.storeMs });
  const originals = inBucket(store.originalsBucket);
  const isShared = store.originalsBucket === store.variantsBucket;
  return { originals, variants: isShared ? originals : inBucket(store.variantsBucket) };
}

function createImagePool(
  { pool, imageLimits, timeouts }: Config,
  onStartFailure: (error: unknown) => void,
): Pool {
  const size = slotsOf({ pool });
  return createPool({
    size,
    startWorker: () =>
      pool.size === 0
        ? startInline(imageLimits)
        : startChildWorker({ limits: imageLimits, execArgv: loaderArgs() }),
    queueLimit: pool.queuePerChild * size,
    queueWaitMs: pool.waitMs,
    deadlineMs: timeouts.transformMs,
    onStartFailure,
  });
}

/** How many pictures are made at a time. */
function slotsOf({ pool }: Pick<Config, "pool">): number {
  // libuv has four threads; were all of them taken by codecs, files and names would have to wait
  return pool.size === 0 ? Math.min(availableParallelism(), 2) : pool.size;
}

/** Loaded only where it is wanted: sharp is not to be in a process that has children for it. */
async function startInline(limits: ImageLimits): Promise<Worker> {
  const { startInlineWorker } = await import("./image/inline-worker.ts");
  return startInlineWorker(limits);
}

/** Run from source, a child needs the same loader; a debugger it must not share. */
function loaderArgs(): readonly string[] {
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
}

async function probe({ originals, variants }: Stores, logger: Logger): Promise<void> {
  for (const store of new Set([originals, variants])) {
    const remark = await store.probe();
    if (remark) logger.warn(remark);
  }
}

function createObserver(metrics: Metrics, logger: Logger): Observe {
  return (event: MediaEvent) => {
    metrics.observe(event);
    if (event.kind === "write_failed") {
      const { variantKey, error } = event;
      logger.warn("a variant could not be kept", { variantKey, error });
    }
    if (event.kind === "background_failed") {
      logger.warn("a background task failed", { task: event.task, error: event.error });
    }
  };
}
