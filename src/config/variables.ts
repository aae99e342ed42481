import { z } from "zod";
import { DEFAULT_CACHE_RULES } from "../http/answer/cache-control.ts";
import { DELIVERIES } from "../http/answer/delivery.ts";
import type { ImageFormat } from "../transform/formats.ts";
import { AUTO_FORMATS } from "../transform/formats.ts";
import type { CacheVariables } from "./cache.ts";
import { ConfigError } from "./error.ts";
import type { PolicyVariables } from "./policy.ts";
import {
  checkAccessVariables,
  ORIGINALS_METADATA,
  PASSTHROUGHS,
  POLICIES,
  VARIANT_ACCESS,
} from "./policy.ts";
import { flag, headerValue, wholeNumber, list, choice, pattern, url } from "./values.ts";

/** The variables that decide how a request is read, who may make it, and how it is answered. */
interface RequestVariables extends PolicyVariables, CacheVariables {
  readonly BASE_PATH: string;
  readonly DELIVERY: (typeof DELIVERIES)[number];
  readonly FRESHNESS: "check" | "immutable";
  readonly FRESHNESS_TTL_SECONDS: number;
  readonly AUTO_FORMATS: readonly ImageFormat[];
  readonly VARIANTS_ROOT: string;
  readonly VARIANTS_EPOCH: string;
}

type Schemas<Variables> = { readonly [Name in keyof Variables]-?: z.ZodType<Variables[Name]> };

/** The variables that the service and the Worker at the edge share, with defaults and parsers. */
export const REQUEST_VARIABLES: Schemas<RequestVariables> = {
  BASE_PATH: pattern(
    "",
    /^(?:\/(?!\.\.?(?:\/|$))[\w.~-]+)+$/,
    "a path like /i, without a slash at its end",
  ),
  POLICY: list()
    .pipe(z.array(z.enum(POLICIES, { error: `must be a list of ${POLICIES.join(", ")}` })))
    .optional(),
  ALLOW_UNSIGNED: flag().default(false),
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
  ORIGINALS_METADATA: choice(ORIGINALS_METADATA, "no-location"),
  ORIGINALS_PREFIX: pattern(
    "",
    /^(?!\/)[^\p{Cc}]+\/$/u,
    "a folder of keys like public/, with its slash and without one before",
  ),
  ORIGINALS_URL: url().optional(),
  PUBLIC_URL: url().optional(),
  VARIANTS: choice(VARIANT_ACCESS, "public"),
  DELIVERY: choice(DELIVERIES, "auto"),
  FRESHNESS: choice(["check", "immutable"], "check"),
  FRESHNESS_TTL_SECONDS: wholeNumber(300, 1, 31_536_000),
  AUTO_FORMATS: z
    .string()
    .default(AUTO_FORMATS.join(","))
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(
      z.array(z.enum(AUTO_FORMATS, { error: `must be a list of ${AUTO_FORMATS.join(" and ")}` })),
    ),
  VARIANTS_ROOT: pattern(
    "variants/",
    /^(?!s--)[a-z\d][a-z\d-]*\/$/,
    "a folder name of small letters, digits and hyphens, with its slash",
  ),
  VARIANTS_EPOCH: pattern("1", /^[a-z\d-]{1,32}$/, "1 to 32 small letters, digits and hyphens"),
  CACHE_VERSIONED: headerValue(DEFAULT_CACHE_RULES.versioned),
  CACHE_STREAMED: headerValue(DEFAULT_CACHE_RULES.streamed),
  CACHE_STORED: headerValue(""),
  CACHE_SHORT_SECONDS: wholeNumber(DEFAULT_CACHE_RULES.shortSeconds, 0, 60),
  CACHE_NOT_FOUND_SECONDS: wholeNumber(DEFAULT_CACHE_RULES.notFoundSeconds, 0, 86_400),
  CACHE_CLIENT_ERROR_SECONDS: wholeNumber(DEFAULT_CACHE_RULES.clientErrorSeconds, 0, 86_400),
};

/** Variables whose values must not be printed. */
const SECRETS: ReadonlySet<string> = new Set([
  "ADMIN_TOKEN",
  "MEDIA_TOKEN",
  "ORIGIN_SECRET",
  "SIGNING_SECRETS",
  "WARM_QUEUE",
]);

interface ReadOptions {
  /** The problems are sent to clients, so they must not name values. */
  readonly isPublic?: boolean;
}

/**
 * Reads variables by their schema. An empty variable counts as not set.
 *
 * @throws ConfigError with one line for each problem
 */
export function readVariables<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Readonly<Record<string, string | undefined>>,
  { isPublic = false }: ReadOptions = {},
): z.infer<z.ZodObject<Shape>> {
  checkAccessVariables(environment, Object.keys(schema.shape));
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const value = environment[name];
    if (!value) return `${name} must be set`;
    return isPublic || SECRETS.has(name)
      ? `${name} ${message}`
      : `${name} ${message}, got ${JSON.stringify(value)}`;
  });
  throw new ConfigError(problems.join("\n"));
}
