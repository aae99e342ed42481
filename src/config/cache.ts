import type { CacheRules } from "../http/answer/cache-control.ts";

/** The variables that decide how long others may keep an answer. */
export interface CacheVariables {
  readonly CACHE_VERSIONED: string;
  readonly CACHE_STREAMED: string;
  /** Empty for that of versioned ones. */
  readonly CACHE_STORED: string;
  readonly CACHE_SHORT_SECONDS: number;
  readonly CACHE_NOT_FOUND_SECONDS: number;
  readonly CACHE_CLIENT_ERROR_SECONDS: number;
}

export function deriveCache(env: CacheVariables): CacheRules {
  return {
    versioned: env.CACHE_VERSIONED,
    streamed: env.CACHE_STREAMED,
    stored: env.CACHE_STORED || env.CACHE_VERSIONED,
    shortSeconds: env.CACHE_SHORT_SECONDS,
    notFoundSeconds: env.CACHE_NOT_FOUND_SECONDS,
    clientErrorSeconds: env.CACHE_CLIENT_ERROR_SECONDS,
  };
}
