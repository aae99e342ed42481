import { cutTrailingSlashes } from "../url/percent.ts";
import { availableParallelism } from "node:os";
import { z } from "zod";
import { deriveCache } from "./cache.ts";
import type { EventConfig } from "./events.ts";
import { deriveEvents, EVENT_VARIABLES } from "./events.ts";
import type { PolicyConfig } from "./policy.ts";
import { derivePolicy } from "./policy.ts";
import type { StoreConfig } from "./store.ts";
import { deriveStore, readEndpoint } from "./store.ts";
import {
  flag,
  optionalNumber,
  originSecret,
  wholeNumber,
  choice,
  optionalText,
  text,
  token,
  url,
} from "./values.ts";
import { readVariables, REQUEST_VARIABLES } from "./variables.ts";
import type { CacheRules } from "../http/answer/cache-control.ts";
import type { Delivery } from "../http/answer/delivery.ts";
import type { ImageLimits } from "../image/input/limits.ts";
import { DEFAULT_IMAGE_LIMITS, TRUNCATED } from "../image/input/limits.ts";
import type { ImageFormat } from "../transform/formats.ts";
import type { FreshnessRules } from "../media/variants/miss.ts";
import type { VariantPrefix } from "../url/variant-key.ts";

/** All settings, checked and in the units of their names. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly basePath: string;
  readonly store: StoreConfig;
  readonly access: PolicyConfig;
  readonly prefix: VariantPrefix;
  readonly publicUrl: string | undefined;
  readonly delivery: Delivery;
  /** The same presigned URL is given out for this long, and stays valid for as long again. */
  readonly presignSeconds: number;
  readonly freshness: FreshnessRules;
  readonly autoFormats: readonly ImageFormat[];
  readonly cache: CacheRules;
  readonly maxOriginalBytes: number;
  readonly imageLimits: ImageLimits;
  readonly pool: { readonly size: number; readonly queuePerChild: number; readonly waitMs: number };
  readonly limits: {
    /** Connections to a store for hits, and as many for everything else. */
    readonly storeSockets: number;
    /** Bytes of originals that are read and transformed at the same time. */
    readonly originalsInFlight: number;
    readonly originalsCache: number;
    readonly variantsCache: number;
    /** Bytes of answers that clients have not taken yet. */
    readonly answersInFlight: number;
    readonly connections: number;
    /** Requests for images that are looked up at the same time. */
    readonly lookUps: number;
  };
  readonly timeouts: {
    readonly storeMs: number;
    readonly transformMs: number;
    readonly requestMs: number;
    readonly drainMs: number;
    readonly stopDelayMs: number;
  };
  readonly adminToken: string | undefined;
  /** For the routes of the media library alone. */
  readonly mediaToken: string | undefined;
  /** Undefined: only where the service listens on loopback. */
  readonly page: boolean | undefined;
  /** The value of `X-Origin-Secret` that requests for images must have. */
  readonly originSecret: string | undefined;
  /** The listener for metrics. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly warmQueue: string | undefined;
  readonly events: EventConfig;
  readonly logLevel: string;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Every variable, with its default and its parser. docs/configuration.md has a row for each. */
const VARIABLES = {
  ...REQUEST_VARIABLES,
  HOST: text("127.0.0.1"),
  PORT: wholeNumber(3000, 0, 65_535),
  ORIGINALS_DIR: text("originals"),
  VARIANTS_DIR: text("variants"),
  S3_BUCKET: optionalText(),
  S3_VARIANTS_BUCKET: optionalText(),
  S3_PUBLIC_ENDPOINT: url().optional(),
  S3_FORCE_PATH_STYLE: flag().optional(),
  PRESIGN_SECONDS: wholeNumber(3600, 60, 302_400),
  MAX_ORIGINAL_BYTES: wholeNumber(64 * MIB, 1, 512 * MIB),
  MAX_ORIGINAL_PIXELS: wholeNumber(DEFAULT_IMAGE_LIMITS.maxPixels, 1, 200_000_000),
  MAX_JPEG_PIXELS: wholeNumber(DEFAULT_IMAGE_LIMITS.maxJpegPixels, 1, 1_000_000_000),
  MAX_AVIF_PIXELS: wholeNumber(DEFAULT_IMAGE_LIMITS.maxAvifPixels, 1, 200_000_000),
  MAX_ORIGINAL_SIDE: wholeNumber(DEFAULT_IMAGE_LIMITS.maxSide, 1, 65_535),
  TRUNCATED: choice(TRUNCATED, DEFAULT_IMAGE_LIMITS.truncated),
  SLOW_PIXELS: wholeNumber(DEFAULT_IMAGE_LIMITS.slowPixels, 0, 200_000_000),
  POOL_SIZE: wholeNumber(availableParallelism(), 0, 256),
  QUEUE_PER_CHILD: wholeNumber(32, 1, 10_000),
  QUEUE_WAIT_MS: wholeNumber(5000, 1, 60_000),
  STORE_SOCKETS: wholeNumber(200, 1, 10_000),
  ORIGINALS_IN_FLIGHT_BYTES: wholeNumber(128 * MIB, 1, 64 * GIB),
  ORIGINALS_CACHE_BYTES: wholeNumber(32 * MIB, 0, 64 * GIB),
  VARIANTS_CACHE_BYTES: wholeNumber(32 * MIB, 0, 64 * GIB),
  ANSWERS_IN_FLIGHT_BYTES: wholeNumber(256 * MIB, 1, 64 * GIB),
  MAX_CONNECTIONS: wholeNumber(2048, 1, 1_000_000),
  LOOKUPS_IN_FLIGHT: wholeNumber(1000, 1, 1_000_000),
  STORE_TIMEOUT_MS: wholeNumber(5000, 100, 60_000),
  TRANSFORM_TIMEOUT_MS: wholeNumber(8000, 100, 120_000),
  REQUEST_TIMEOUT_MS: wholeNumber(10_000, 100, 120_000),
  DRAIN_TIMEOUT_MS: wholeNumber(25_000, 0, 600_000),
  STOP_DELAY_MS: wholeNumber(500, 0, 60_000),
  ADMIN_TOKEN: token(),
  MEDIA_TOKEN: token(),
  PAGE: flag().optional(),
  ORIGIN_SECRET: originSecret(),
  METRICS_PORT: optionalNumber(0, 65_535),
  METRICS_HOST: text("127.0.0.1"),
  WARM_QUEUE: z.url({ protocol: /^rediss?$/, error: "must be a redis or rediss URL" }).optional(),
  ...EVENT_VARIABLES,
  LOG_LEVEL: choice(["info", "warn", "error", "silent"], "info"),
};

const schema = z.object(VARIABLES);
type Environment = z.infer<typeof schema>;

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 *
 * @throws ConfigError with one line for each problem.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  return derive(readVariables(schema, environment), environment);
}

/** The default of each variable as text; empty if there is none. */
export function listDefaults(): Readonly<Record<string, string>> {
  const defaults: Readonly<Record<string, unknown>> = schema.parse({});
  const names = Object.keys(VARIABLES);
  return Object.fromEntries(names.map((name) => [name, [defaults[name]].flat().join(",")]));
}

/** The beginning of the public URLs of variants. A service on folders serves the stored form itself. */
export function getPublicUrl({
  publicUrl,
  store,
  basePath,
  access,
}: Pick<Config, "publicUrl" | "store" | "basePath" | "access">): string | undefined {
  if (access.variants === "private") return undefined;
  return publicUrl ?? (store.kind === "file" ? basePath : undefined);
}

/** The number of images that are made at the same time. */
export function getWorkerCount({ size }: Config["pool"]): number {
  // in this process: libuv has four threads, and if codecs took all of them, files and DNS would wait
  return size === 0 ? Math.min(availableParallelism(), 2) : size;
}

function derive(
  env: Environment,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const store = deriveStore(env, Boolean(env.S3_BUCKET && readEndpoint(environment)));
  const isShared = store.kind === "s3";
  const hasOneBucket = isShared && store.originalsBucket === store.variantsBucket;
  const access = derivePolicy(env, { isShared, hasOneBucket });
  return {
    host: env.HOST,
    port: env.PORT,
    basePath: env.BASE_PATH,
    store,
    access,
    prefix: { root: env.VARIANTS_ROOT, epoch: env.VARIANTS_EPOCH },
    publicUrl: env.PUBLIC_URL && cutTrailingSlashes(env.PUBLIC_URL),
    // all that gets in comes from a CDN then
    delivery: env.DELIVERY === "auto" && env.ORIGIN_SECRET ? "stream" : env.DELIVERY,
    presignSeconds: env.PRESIGN_SECONDS,
    freshness: { mode: env.FRESHNESS, ttlMs: env.FRESHNESS_TTL_SECONDS * 1000 },
    autoFormats: env.AUTO_FORMATS,
    cache: deriveCache(env),
    events: deriveEvents(env, access.presets),
    maxOriginalBytes: env.MAX_ORIGINAL_BYTES,
    imageLimits: {
      maxPixels: env.MAX_ORIGINAL_PIXELS,
      maxJpegPixels: env.MAX_JPEG_PIXELS,
      maxAvifPixels: env.MAX_AVIF_PIXELS,
      maxSide: env.MAX_ORIGINAL_SIDE,
      slowPixels: env.SLOW_PIXELS,
      truncated: env.TRUNCATED,
    },
    pool: { size: env.POOL_SIZE, queuePerChild: env.QUEUE_PER_CHILD, waitMs: env.QUEUE_WAIT_MS },
    limits: {
      storeSockets: env.STORE_SOCKETS,
      originalsInFlight: env.ORIGINALS_IN_FLIGHT_BYTES,
      originalsCache: env.ORIGINALS_CACHE_BYTES,
      variantsCache: env.VARIANTS_CACHE_BYTES,
      answersInFlight: env.ANSWERS_IN_FLIGHT_BYTES,
      connections: env.MAX_CONNECTIONS,
      lookUps: env.LOOKUPS_IN_FLIGHT,
    },
    timeouts: {
      storeMs: env.STORE_TIMEOUT_MS,
      transformMs: env.TRANSFORM_TIMEOUT_MS,
      requestMs: env.REQUEST_TIMEOUT_MS,
      drainMs: env.DRAIN_TIMEOUT_MS,
      stopDelayMs: env.STOP_DELAY_MS,
    },
    adminToken: env.ADMIN_TOKEN,
    mediaToken: env.MEDIA_TOKEN,
    page: env.PAGE,
    originSecret: env.ORIGIN_SECRET,
    metrics:
      env.METRICS_PORT === undefined
        ? undefined
        : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    warmQueue: env.WARM_QUEUE,
    logLevel: env.LOG_LEVEL,
  };
}
