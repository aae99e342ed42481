import { createHash } from "node:crypto";
import type { Config } from "../config/config.ts";
import { createRequestRules } from "../config/request-rules.ts";
import type { Metrics } from "../http/metrics.ts";
import { createMetrics } from "../http/metrics.ts";
import { startChildWorker } from "../image/pool/child-process.ts";
import type { ImageLimits } from "../image/input/limits.ts";
import { sniffMediaType } from "../image/input/formats.ts";
import type { Pool } from "../image/pool/pool.ts";
import { createPool } from "../image/pool/pool.ts";
import type { ImageWorker } from "../image/worker.ts";
import type { Logger } from "../logger.ts";
import { Background } from "../concurrency/background.ts";
import { Semaphore } from "../concurrency/semaphore.ts";
import type { MediaEvent, Observe } from "../media/observe.ts";
import { VariantCache } from "../media/variant-cache.ts";
import type { OriginalsDeps } from "../media/originals/originals.ts";
import { Originals, tooManyReads } from "../media/originals/originals.ts";
import { PresignedUrls } from "../media/variants/presigned-urls.ts";
import type { RequestRules } from "../request/request.ts";
import type { StoredHeaders } from "../media/variant.ts";
import { Variants } from "../media/variants/variants.ts";
import { OpenBodies } from "../media/open-bodies.ts";
import { WriteBack } from "../media/variants/write-back.ts";
import type { Purging } from "./purging.ts";
import { createPurging } from "./purging.ts";
import type { ObjectStore } from "../store/store.ts";
import { getWorkerCount } from "./worker-count.ts";
import type { Stores } from "./stores.ts";
import { createStores, probeStores } from "./stores.ts";
import { createEventWarmer } from "./warming.ts";

/** The parts of a service, wired, without its HTTP. */
export interface Service extends Purging {
  readonly variants: Variants;
  readonly metrics: Metrics;
  readonly observe: Observe;
  readonly originals: Originals;
  readonly originalsUrl: string | undefined;
  readonly originalsStore: ObjectStore;
  readonly publicUrl: string | undefined;
  readonly presigned: PresignedUrls | undefined;
  readonly rules: RequestRules;
  readonly identify: (bytes: Uint8Array) => string | undefined;
  readonly storeTimeoutMs: number;
  /** Reaches for the stores and starts the image processes. */
  start(): Promise<void>;
  /** Resolves when nothing goes on behind answers; more may be asked for then. */
  settle(): Promise<void>;
  /** The same, and nothing new is begun that nobody waits for. */
  drain(): Promise<void>;
  stop(): void;
}

const now = (): number => performance.now();

export async function createService(config: Config, logger: Logger): Promise<Service> {
  const stores = await createStores(config);
  const pool = createImagePool(config, (error) => {
    observe({ kind: "background_failed", task: "start an image process", error });
  });
  const background = new Background();
  const ending = new AbortController();
  const metrics = createMetrics({ pool: pool.stats, background: () => background.size });
  const observe = createObserver(metrics, logger);
  const openBodies = new OpenBodies({ limit: config.limits.storeSockets, now });
  const originals = createOriginals(config, { store: stores.originals, openBodies, observe });
  const variantCache = new VariantCache(now, config.limits.variantsCache);
  const variants = new Variants({
    originals,
    variants: stores.variants,
    openBodies,
    createHash: () => createHash("sha256"),
    transform: pool.run,
    hasRoom: pool.hasRoom,
    prefix: config.prefix,
    freshness: config.freshness,
    cache: variantCache,
    writeBack: new WriteBack({ ...stores, headers: getStoredHeaders(config, pool) }),
    storeTimeoutMs: config.timeouts.storeMs,
    requestTimeoutMs: config.timeouts.requestMs,
    background,
    observe,
    now,
  });
  const rules = createRules(config);
  const parts = { variants, rules, observe };
  const purging = {
    variants: stores.variants,
    cache: variantCache,
    prefix: config.prefix,
    background,
    observe,
    forgetOriginal: (key: string) => originals.forget(key),
    ...(config.events.warm.length > 0 && { warm: createEventWarmer(parts, config, ending.signal) }),
  };
  return {
    ...createPurging(config, purging),
    variants,
    metrics,
    observe,
    originals,
    originalsUrl: config.access.originals.url,
    originalsStore: stores.originals,
    publicUrl: publicUrlOf(config),
    presigned: createPresigned(config, stores),
    rules,
    identify: sniffMediaType,
    storeTimeoutMs: config.timeouts.storeMs,
    start: () => start(stores, pool, logger),
    settle: () => background.drain(),
    drain: () => drain({ ending, pool, background }),
    stop: pool.stop,
  };
}

function getStoredHeaders({ cache }: Config, { engine }: Pool): StoredHeaders {
  return { engine, cacheControl: cache.stored, versionedCacheControl: cache.versioned };
}

async function start(stores: Stores, pool: Pool, logger: Logger): Promise<void> {
  await Promise.all([probeStores(stores, logger), pool.start()]);
}

interface Draining {
  readonly ending: AbortController;
  readonly pool: Pool;
  readonly background: Background;
}

/** What has not begun, and nobody waits for, can be made when it is asked for. */
async function drain({ ending, pool, background }: Draining): Promise<void> {
  ending.abort();
  pool.rejectBackground();
  await background.drain();
}

function createOriginals(
  config: Config,
  deps: Pick<OriginalsDeps, "store" | "openBodies" | "observe">,
): Originals {
  const { limits, pool, maxOriginalBytes } = config;
  return new Originals({
    ...deps,
    // with processes for it, they can read what are files; here reading must not block
    store: pool.size === 0 ? withoutFiles(deps.store) : deps.store,
    maxBytes: maxOriginalBytes,
    budget: new Semaphore({
      limit: limits.originalsInFlight,
      maxWaiting: pool.queuePerChild * getWorkerCount(config),
      createRefusal: tooManyReads,
    }),
    budgetWaitMs: pool.waitMs,
    cacheBytes: limits.originalsCache,
    now,
  });
}

function withoutFiles({ head, get, open }: OriginalsDeps["store"]): OriginalsDeps["store"] {
  return { head, get, open };
}

/** With files this service is itself what serves the stored form. */
function publicUrlOf({ publicUrl, store, basePath }: Config): string | undefined {
  return publicUrl ?? (store.kind === "file" ? basePath : undefined);
}

function createPresigned(
  { presignSeconds: windowSeconds }: Config,
  { presign }: Stores,
): PresignedUrls | undefined {
  return presign && new PresignedUrls({ presign, windowSeconds, now: () => Date.now() });
}

/** What decides how requests are read. */
export function createRules(config: Config): RequestRules {
  return createRequestRules(config, publicUrlOf(config) !== undefined);
}

function createImagePool(
  { pool, imageLimits, timeouts }: Config,
  onStartFailure: (error: unknown) => void,
): Pool {
  const size = getWorkerCount({ pool });
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

/** Loaded only where it is wanted: sharp is not to be in a process that has children for it. */
async function startInline(limits: ImageLimits): Promise<ImageWorker> {
  const { startInlineWorker } = await import("../image/pool/inline.ts");
  return startInlineWorker(limits);
}

/** Run from source, a child needs the same loader; a debugger it must not share. */
function loaderArgs(): readonly string[] {
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
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
