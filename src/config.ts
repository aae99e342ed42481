import { availableParallelism } from "node:os";
import { z } from "zod";
import { deriveCache } from "./config-cache.ts";
import type { EventConfig } from "./config-events.ts";
import { deriveEvents, EVENT_VARIABLES } from "./config-events.ts";
import type { StoreConfig } from "./config-store.ts";
import type { PolicyConfig } from "./config-policy.ts";
import { checkAccessVariables, derivePolicy, PASSTHROUGHS, POLICIES } from "./config-policy.ts";
import { ConfigError, deriveStore } from "./config-store.ts";
import {
  headerValue,
  integer,
  list,
  oneOf,
  optionalText,
  pattern,
  text,
  url,
} from "./config-values.ts";
import type { CacheRules } from "./http/cache-control.ts";
import { DEFAULT_CACHE_RULES } from "./http/cache-control.ts";
import type { Delivery } from "./http/delivery.ts";
import { DELIVERIES } from "./http/delivery.ts";
import type { ImageLimits } from "./image/gate.ts";
import { DEFAULT_IMAGE_LIMITS } from "./image/gate.ts";
import type { PreferredFormat } from "./image/negotiate.ts";
import type { Freshness } from "./media/look-up.ts";
import type { VariantPrefix } from "./url/variant-prefix.ts";

/** Everything that can be set, checked and in the units of its names. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly basePath: string;
  readonly store: StoreConfig;
  readonly access: PolicyConfig;
  readonly prefix: VariantPrefix;
  readonly publicUrl: string | undefined;
  readonly delivery: Delivery;
  readonly freshness: Freshness;
  readonly autoFormats: readonly PreferredFormat[];
  readonly cache: CacheRules;
  readonly maxOriginalBytes: number;
  readonly imageLimits: ImageLimits;
  readonly pool: { readonly size: number; readonly queuePerChild: number; readonly waitMs: number };
  readonly limits: {
    /** For what hits ask of the stores, and as many for all else. */
    readonly storeSockets: number;
    /** Bytes of originals that are read and transformed. */
    readonly originalsInFlight: number;
    readonly originalsCache: number;
    readonly variantsCache: number;
    /** Bytes of answers that clients have not taken yet. */
    readonly answersInFlight: number;
  };
  readonly timeouts: {
    readonly storeMs: number;
    readonly transformMs: number;
    readonly requestMs: number;
    readonly drainMs: number;
    readonly stopDelayMs: number;
  };
  readonly adminToken: string | undefined;
  readonly warmQueue: string | undefined;
  readonly events: EventConfig;
  readonly logLevel: string;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Every variable, with its default and how it is read. The README has one row for each. */
const VARIABLES = {
  HOST: text("127.0.0.1"),
  PORT: integer(3000, 0, 65_535),
  BASE_PATH: pattern(
    "",
    /^(?:\/(?!\.\.?(?:\/|$))[\w.~-]+)+$/,
    "a path like /i, without a slash at its end",
  ),
  ORIGINALS_DIR: text("originals"),
  VARIANTS_DIR: text("variants"),
  S3_BUCKET: optionalText(),
  S3_VARIANTS_BUCKET: optionalText(),
  S3_FORCE_PATH_STYLE: z.stringbool({ error: "must be true or false" }).optional(),
  POLICY: list()
    .pipe(z.array(z.enum(POLICIES, { error: `must be a list of ${POLICIES.join(", ")}` })))
    .optional(),
  ALLOW_UNSIGNED: z.stringbool({ error: "must be true or false" }).default(false),
  SIGNING_SECRETS: list().default([]),
  PRESETS: list(/[\s;]+/).default([]),
  ALLOWED_WIDTHS: list().default([]),
  ALLOWED_HEIGHTS: list().default([]),
  ALLOWED_RATIOS: list().default([]),
  ALLOWED_QUALITIES: list().default([]),
  ALLOWED_OPTIONS: list().default(["w", "h", "ar", "c", "g", "f", "dpr", "t"]),
  ORIGINALS: z
    .enum(PASSTHROUGHS, { error: `must be one of ${PASSTHROUGHS.join(", ")}` })
    .optional(),
  ORIGINALS_PREFIX: pattern(
    "",
    /^(?!\/)[^\p{Cc}]+$/u,
    "what keys begin with, without a slash before",
  ),
  ORIGINALS_URL: url().optional(),
  PUBLIC_URL: url().optional(),
  DELIVERY: oneOf(DELIVERIES, "auto"),
  FRESHNESS: oneOf(["check", "immutable"], "check"),
  FRESHNESS_TTL_SECONDS: integer(300, 1, 31_536_000),
  AUTO_FORMATS: z
    .string()
    .default("avif,webp")
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(["avif", "webp"], { error: "must be a list of avif and webp" }))),
  VARIANTS_ROOT: pattern(
    "variants/",
    /^(?!s--)[a-z\d][a-z\d-]*\/$/,
    "a folder name of small letters, digits and hyphens, with its slash",
  ),
  VARIANTS_EPOCH: pattern("1", /^[a-z\d-]{1,32}$/, "1 to 32 small letters, digits and hyphens"),
  CACHE_VERSIONED: headerValue(DEFAULT_CACHE_RULES.versioned),
  CACHE_STREAMED: headerValue(DEFAULT_CACHE_RULES.streamed),
  CACHE_SHORT_SECONDS: integer(DEFAULT_CACHE_RULES.shortSeconds, 0, 60),
  CACHE_NOT_FOUND_SECONDS: integer(DEFAULT_CACHE_RULES.notFoundSeconds, 0, 86_400),
  CACHE_CLIENT_ERROR_SECONDS: integer(DEFAULT_CACHE_RULES.clientErrorSeconds, 0, 86_400),
  MAX_ORIGINAL_BYTES: integer(32 * MIB, 1, 512 * MIB),
  MAX_ORIGINAL_PIXELS: integer(DEFAULT_IMAGE_LIMITS.maxPixels, 1, 200_000_000),
  MAX_AVIF_PIXELS: integer(DEFAULT_IMAGE_LIMITS.maxAvifPixels, 1, 200_000_000),
  MAX_ORIGINAL_SIDE: integer(DEFAULT_IMAGE_LIMITS.maxSide, 1, 65_535),
  SLOW_PIXELS: integer(DEFAULT_IMAGE_LIMITS.slowPixels, 0, 200_000_000),
  POOL_SIZE: integer(availableParallelism(), 0, 256),
  QUEUE_PER_CHILD: integer(32, 1, 10_000),
  QUEUE_WAIT_MS: integer(5000, 1, 60_000),
  STORE_SOCKETS: integer(200, 1, 10_000),
  ORIGINALS_IN_FLIGHT_BYTES: integer(128 * MIB, 1, 64 * GIB),
  ORIGINALS_CACHE_BYTES: integer(32 * MIB, 0, 64 * GIB),
  VARIANTS_CACHE_BYTES: integer(32 * MIB, 0, 64 * GIB),
  ANSWERS_IN_FLIGHT_BYTES: integer(256 * MIB, 1, 64 * GIB),
  STORE_TIMEOUT_MS: integer(5000, 100, 60_000),
  TRANSFORM_TIMEOUT_MS: integer(8000, 100, 120_000),
  REQUEST_TIMEOUT_MS: integer(10_000, 100, 120_000),
  DRAIN_TIMEOUT_MS: integer(25_000, 0, 600_000),
  STOP_DELAY_MS: integer(500, 0, 60_000),
  ADMIN_TOKEN: z
    .string()
    .regex(/^[\w.~+/-]{16,}=*$/, { error: "must have at least 16 letters, digits, -._~+/" })
    .optional(),
  WARM_QUEUE: z.url({ protocol: /^rediss?$/, error: "must be a redis or rediss URL" }).optional(),
  ...EVENT_VARIABLES,
  LOG_LEVEL: oneOf(["info", "warn", "error", "silent"], "info"),
};

/** Variables whose values are not to be printed. */
const SECRETS: ReadonlySet<string> = new Set(["ADMIN_TOKEN", "SIGNING_SECRETS", "WARM_QUEUE"]);

const schema = z.object(VARIABLES);
type Environment = z.infer<typeof schema>;

/**
 * Reads the configuration from environment variables. What is set to nothing counts as not set.
 *
 * @throws ConfigError with one line for each problem.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  checkAccessVariables(environment, Object.keys(VARIABLES));
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const result = schema.safeParse(Object.fromEntries(given));
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      const got = SECRETS.has(name) ? "" : `, got ${JSON.stringify(environment[name])}`;
      return `${name} ${message}${got}`;
    });
    throw new ConfigError(problems.join("\n"));
  }
  return derive(result.data, environment);
}

/** What each variable is when it is not set, as text; empty where that means something of its own. */
export function variableDefaults(): Readonly<Record<string, string>> {
  const defaults = Object.entries(schema.parse({}));
  const names = Object.keys(VARIABLES).map((name) => [name, ""] as const);
  return Object.fromEntries([
    ...names,
    ...defaults.map(([name, value]) => [name, [value].flat().join(",")] as const),
  ]);
}

function derive(
  env: Environment,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const hasEndpoint = Boolean(
    environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"],
  );
  const store = deriveStore(env, hasEndpoint);
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
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ""),
    delivery: env.DELIVERY,
    freshness: { mode: env.FRESHNESS, ttlMs: env.FRESHNESS_TTL_SECONDS * 1000 },
    autoFormats: env.AUTO_FORMATS,
    cache: deriveCache(env),
    events: deriveEvents(env, access.presets),
    maxOriginalBytes: env.MAX_ORIGINAL_BYTES,
    imageLimits: {
      maxPixels: env.MAX_ORIGINAL_PIXELS,
      maxAvifPixels: env.MAX_AVIF_PIXELS,
      maxSide: env.MAX_ORIGINAL_SIDE,
      slowPixels: env.SLOW_PIXELS,
    },
    pool: { size: env.POOL_SIZE, queuePerChild: env.QUEUE_PER_CHILD, waitMs: env.QUEUE_WAIT_MS },
    limits: {
      storeSockets: env.STORE_SOCKETS,
      originalsInFlight: env.ORIGINALS_IN_FLIGHT_BYTES,
      originalsCache: env.ORIGINALS_CACHE_BYTES,
      variantsCache: env.VARIANTS_CACHE_BYTES,
      answersInFlight: env.ANSWERS_IN_FLIGHT_BYTES,
    },
    timeouts: {
      storeMs: env.STORE_TIMEOUT_MS,
      transformMs: env.TRANSFORM_TIMEOUT_MS,
      requestMs: env.REQUEST_TIMEOUT_MS,
      drainMs: env.DRAIN_TIMEOUT_MS,
      stopDelayMs: env.STOP_DELAY_MS,
    },
    adminToken: env.ADMIN_TOKEN,
    warmQueue: env.WARM_QUEUE,
    logLevel: env.LOG_LEVEL,
  };
}
