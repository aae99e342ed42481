import { cutTrailingSlashes } from "../../url/percent.ts";
import { z } from "zod";
import { deriveCache } from "../../config/cache.ts";
import { ConfigError } from "../../config/error.ts";
import { derivePolicy } from "../../config/policy.ts";
import { createRequestRules } from "../../config/request-rules.ts";
import { originSecret, wholeNumber, url } from "../../config/values.ts";
import { readVariables, REQUEST_VARIABLES } from "../../config/variables.ts";
import type { CacheRules } from "../../http/answer/cache-control.ts";
import type { Delivery } from "../../http/answer/delivery.ts";
import type { RequestRules } from "../../request/request.ts";
import type { WorkerBindings, ReadBucket, RateLimit } from "./bindings.ts";

/** The configuration of the Worker. */
export interface EdgeSettings {
  readonly rules: RequestRules;
  readonly variants: ReadBucket;
  /** Absent when the originals are not in R2. */
  readonly originals: ReadBucket | undefined;
  readonly missLimit: RateLimit | undefined;
  readonly delivery: Delivery;
  readonly publicUrl: string | undefined;
  readonly cache: CacheRules;
  /** Check for replaced originals, and milliseconds for which a variant is trusted. */
  readonly freshness: { readonly isChecked: boolean; readonly ttlMs: number };
  readonly origin: {
    /** Without its last slash. */
    readonly url: string;
    readonly secret: string | undefined;
    readonly timeoutMs: number;
  };
}

/** Variables of the service that the Worker needs, and those for reaching the service. */
const VARIABLES = {
  ORIGIN_URL: url(),
  ORIGIN_SECRET: originSecret(),
  ORIGIN_TIMEOUT_MS: wholeNumber(15_000, 100, 120_000),
  ...REQUEST_VARIABLES,
};

const schema = z.object(VARIABLES);

/**
 * Reads the configuration from the bindings. An empty variable counts as not set.
 *
 * @throws ConfigError with one line for each problem
 */
export function readSettings(bindings: WorkerBindings): EdgeSettings {
  const texts = Object.fromEntries(
    Object.entries(bindings).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
  return derive(readVariables(schema, texts, { isPublic: true }), bindings);
}

function derive(env: z.infer<typeof schema>, bindings: WorkerBindings): EdgeSettings {
  const rules = deriveRules(env);
  const variants = readBucket(bindings, "VARIANTS_BUCKET");
  if (!variants)
    throw new ConfigError(
      "VARIANTS_BUCKET must be bound to an R2 bucket: see wrangler.toml.example",
    );
  const publicUrl = env.PUBLIC_URL && cutTrailingSlashes(env.PUBLIC_URL);
  if (env.DELIVERY === "redirect" && publicUrl === undefined) {
    throw new ConfigError("DELIVERY=redirect needs a PUBLIC_URL to redirect to");
  }
  return {
    rules,
    variants,
    originals: readBucket(bindings, "ORIGINALS_BUCKET"),
    missLimit: bindings["MISS_LIMIT"] as RateLimit | undefined, // wrangler binds nothing else to it
    delivery: env.DELIVERY,
    publicUrl,
    cache: deriveCache(env),
    freshness: {
      isChecked: env.FRESHNESS === "check",
      ttlMs: env.FRESHNESS_TTL_SECONDS * 1000,
    },
    origin: {
      url: cutTrailingSlashes(env.ORIGIN_URL),
      secret: env.ORIGIN_SECRET,
      timeoutMs: env.ORIGIN_TIMEOUT_MS,
    },
  };
}

function deriveRules(env: z.infer<typeof schema>): RequestRules {
  const config = {
    basePath: env.BASE_PATH,
    prefix: { root: env.VARIANTS_ROOT, epoch: env.VARIANTS_EPOCH },
    autoFormats: env.AUTO_FORMATS,
    access: derivePolicy(env, { isShared: true, hasOneBucket: false }),
  };
  return createRequestRules(config, env.PUBLIC_URL !== undefined);
}

function readBucket(bindings: WorkerBindings, name: string): ReadBucket | undefined {
  const bound = bindings[name];
  const isBucket = typeof bound === "object" && bound !== null && "head" in bound;
  return isBucket ? (bound as ReadBucket) : undefined; // R2's have it, and variables are texts
}
