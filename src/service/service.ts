import { createHash } from "node:crypto";
import { Background } from "../async/background.ts";
import { Semaphore } from "../async/semaphore.ts";
import type { Config } from "../config/config.ts";
import { getPublicUrl, getWorkerCount } from "../config/config.ts";
import { warnOfLocations } from "../config/policy.ts";
import { createRequestRules } from "../config/request-rules.ts";
import type { BucketEventDeps } from "../events/purge-changed.ts";
import { createEventReceiver } from "../events/receive.ts";
import { createRequestLog } from "../http/access-log.ts";
import type { AppDeps } from "../http/app.ts";
import type { Metrics } from "../http/metrics.ts";
import { createMetrics } from "../http/metrics.ts";
import { sniffMediaType } from "../image/input/formats.ts";
import type { ImageLimits } from "../image/input/limits.ts";
import { applyEdits } from "../image/metadata/edit.ts";
import { findLocation } from "../image/metadata/location.ts";
import { startChildWorker } from "../image/pool/child-process.ts";
import { Pool } from "../image/pool/pool.ts";
import type { ImageWorker } from "../image/worker.ts";
import type { LibraryParts } from "../library/shelf.ts";
import type { Logger } from "../logger.ts";
import type { MediaEvent, Observe } from "../media/observe.ts";
import { OpenBodies } from "../media/open-bodies.ts";
import type { OriginalsDeps } from "../media/originals/originals.ts";
import { Originals, tooManyReads } from "../media/originals/originals.ts";
import { PublicOriginals } from "../media/originals/public-originals.ts";
import { purge } from "../media/purge/purge.ts";
import { VariantCache } from "../media/variant-cache.ts";
import { PresignedUrls } from "../media/variants/presigned-urls.ts";
import type { VariantsDeps } from "../media/variants/variants.ts";
import { Variants } from "../media/variants/variants.ts";
import { WriteBack } from "../media/variants/write-back.ts";
import type { ObjectStore } from "../store/store.ts";
import { createFiles, createLibraryDoor, createLibraryParts } from "./library.ts";
import { createPage } from "./page.ts";
import type { Stores } from "./stores.ts";
import { createStores, probeStores } from "./stores.ts";
import type { WarmerDeps } from "./warming.ts";
import { createBackgroundWarmer, createVariantMaker } from "./warming.ts";

/** The dependencies of an application that the process around it decides. */
type ProcessDeps =
  | "inFlightBytes"
  | "answerCache"
  | "lookUps"
  | "adminToken"
  | "isReady"
  | "isStopping";

/** A service without a server. */
export interface MediaService extends WarmerDeps {
  readonly app: Omit<AppDeps, ProcessDeps>;
  readonly originalsStore: ObjectStore;
  readonly variantsStore: ObjectStore;
  /** For a media library over the same stores and image processes. */
  readonly library: LibraryParts;
  /** Checks the stores. Image processes start when they are needed. */
  probe(): Promise<void>;
  /** Checks the stores and starts the image processes. */
  start(): Promise<void>;
  /** Resolves when no background work is left; later requests may start more. */
  finishBackground(): Promise<void>;
  /** The same, and no background work is begun any more. */
  drain(): Promise<void>;
  stop(): void;
}

const now: () => number = performance.now.bind(performance);

/** @param given stores to be used instead of those that the configuration names */
export async function createService(
  config: Config,
  logger: Logger,
  given?: Stores,
): Promise<MediaService> {
  const { prefix, events, access, limits, timeouts } = config;
  const stores = given ?? (await createStores(config));
  const pool = createImagePool(config, (error) => {
    observe({ kind: "background_failed", task: "start an image process", error });
  });
  const background = new Background();
  const ending = new AbortController();
  const metrics = createMetrics({ pool: () => pool.stats(), background: () => background.size });
  const observe = createObserver(metrics, logger);
  const openBodies = new OpenBodies({ limit: limits.storeSockets, now });
  const budget = createOriginalsBudget(config);
  const reading = { store: stores.originals, openBodies, budget, observe };
  const originals = createOriginals(config, reading);
  const measuring = { pool, maxBytes: config.maxOriginalBytes, budget };
  const cache = new VariantCache(now, limits.variantsCache);
  const deps: VariantsDeps = {
    originals,
    variants: stores.variants,
    openBodies,
    createHash: () => createHash("sha256"),
    transform: (job, options) => pool.run(job, options),
    hasRoom: () => pool.hasRoom(),
    prefix,
    freshness: config.freshness,
    cache,
    writeBack: createWriteBack(config.cache, stores),
    storeTimeoutMs: timeouts.storeMs,
    requestTimeoutMs: timeouts.requestMs,
    background,
    observe,
    now,
  };
  const variants = new Variants(deps);
  const rules = createRequestRules(config, getPublicUrl(config) !== undefined);
  const warmer = { variants, rules };
  const makeVariants = createVariantMaker({ ...warmer, observe }, config, ending.signal);
  const purging: BucketEventDeps = {
    bucket: config.store.kind === "s3" ? config.store.originalsBucket : undefined,
    variants: stores.variants,
    cache,
    prefix,
    background,
    observe,
    forgetOriginal: (key) => originals.forget(key),
    ...(events.warm.length > 0 && {
      warm: (key: string) => makeVariants(key, events.warm),
    }),
  };
  const library = createLibraryParts({
    originals: stores.originals,
    measuring,
    purging,
    workers: getWorkerCount(config.pool),
    makeVariants,
    background,
    deadlineMs: timeouts.requestMs,
  });
  const files = createFiles(createLibraryDoor(config, config.basePath, async () => library));
  return {
    app: {
      media: files.handler({ path: "/-/media", authorize: () => ({}) }),
      mediaToken: config.mediaToken,
      page: createPage(config, { ...deps, store: stores.originals }),
      variants,
      rules,
      originals: access.originals.keepLocation ? originals : withoutLocations(originals),
      originalsUrl: access.originals.url,
      identify: sniffMediaType,
      delivery: config.delivery,
      publicUrl: getPublicUrl(config),
      presigned: createPresigned(config, stores),
      cache: config.cache,
      originSecret: config.originSecret,
      storeTimeoutMs: timeouts.storeMs,
      purge: (target, options) => purge(purging, target, options),
      events: createEventReceiver(purging, events.topics),
      warm: createBackgroundWarmer(warmer, config),
      metrics,
      observe,
      logger,
      logRequest: createRequestLog({ logger, count: metrics.countRequest }),
    },
    ...warmer,
    originalsStore: stores.originals,
    variantsStore: stores.variants,
    library,
    probe: () => probeStores(stores, logger),
    start: async () => {
      const warning = warnOfLocations(access.originals);
      if (warning) logger.warn(warning);
      await Promise.all([probeStores(stores, logger), pool.start()]);
    },
    finishBackground: () => background.drain(),
    drain: async () => {
      ending.abort();
      pool.rejectBackground(); // background jobs that have not begun are done on request
      await background.drain();
    },
    stop: () => pool.stop(),
  };
}

function createWriteBack(
  { stored, versioned }: Config["cache"],
  { originals, variants }: Stores,
): WriteBack {
  const headers = { cacheControl: stored, versionedCacheControl: versioned };
  return new WriteBack({ originals, variants, headers });
}

/** For all originals that are in memory. */
function createOriginalsBudget({ limits, pool }: Pick<Config, "limits" | "pool">): Semaphore {
  return new Semaphore({
    limit: limits.originalsInFlight,
    maxWaiting: pool.queuePerChild * getWorkerCount(pool),
    createRefusal: tooManyReads,
  });
}

function createOriginals(
  config: Pick<Config, "limits" | "pool" | "maxOriginalBytes" | "store">,
  deps: Pick<OriginalsDeps, "store" | "openBodies" | "budget" | "observe">,
): Originals {
  const { limits, pool, maxOriginalBytes, store } = config;
  return new Originals({
    ...deps,
    areLocal: store.kind === "file",
    // libvips may read on in this process after a request was given up
    areFreed: pool.size > 0,
    maxBytes: maxOriginalBytes,
    budgetWaitMs: pool.waitMs,
    cacheBytes: limits.originalsCache,
    now,
  });
}

function withoutLocations(originals: Originals): PublicOriginals {
  return new PublicOriginals({
    originals,
    findEdits: (bytes) => findLocation(bytes).edits,
    applyEdits,
  });
}

function createPresigned(
  { presignSeconds: windowSeconds }: Pick<Config, "presignSeconds">,
  { presign }: Stores,
): PresignedUrls | undefined {
  return presign && new PresignedUrls({ presign, windowSeconds, now: () => Date.now() });
}

function createImagePool(
  { pool, imageLimits, timeouts }: Pick<Config, "pool" | "imageLimits" | "timeouts">,
  onStartFailure: (error: unknown) => void,
): Pool {
  const size = getWorkerCount(pool);
  return new Pool({
    size,
    startWorker: () =>
      pool.size === 0
        ? startInline(imageLimits)
        : startChildWorker({ limits: imageLimits, execArgv: getLoaderArgs() }),
    queueLimit: pool.queuePerChild * size,
    queueWaitMs: pool.waitMs,
    deadlineMs: timeouts.transformMs,
    onStartFailure,
  });
}

/** Loaded only on demand: a process that has image processes must not load sharp. */
async function startInline(limits: ImageLimits): Promise<ImageWorker> {
  const { startInlineWorker } = await import("../image/pool/inline.ts");
  return startInlineWorker(limits);
}

/** The options of Node that an image process needs, too: those of a loader, but not of a debugger. */
function getLoaderArgs(): readonly string[] {
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
}

function createObserver(metrics: Metrics, logger: Logger): Observe {
  return (event: MediaEvent) => {
    metrics.observe(event);
    if (event.kind === "write_failed") {
      const { variantKey, error } = event;
      logger.warn("a variant could not be stored, it is made again on request", {
        variantKey,
        error,
      });
    }
    if (event.kind === "background_failed") {
      logger.warn("a background task failed, it is tried again later", {
        task: event.task,
        error: event.error,
      });
    }
  };
}
