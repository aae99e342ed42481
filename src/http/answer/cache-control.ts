import type { ErrorCode } from "../../errors.ts";
import { STATUS } from "../../errors.ts";

/** How long caches may keep the answers of this service. */
export interface CacheRules {
  /** Bytes under a URL that names their version. */
  readonly versioned: string;
  /** Bytes under any other URL, when hits are streamed. */
  readonly streamed: string;
  /** Stored objects whose keys do not name a version. */
  readonly stored: string;
  /** Redirects, and bytes under a URL that redirects later. */
  readonly shortSeconds: number;
  readonly notFoundSeconds: number;
  /** Other errors of the client. */
  readonly clientErrorSeconds: number;
}

export const DEFAULT_CACHE_RULES: CacheRules = {
  versioned: "public, max-age=31536000, immutable",
  streamed:
    "public, max-age=300, s-maxage=86400, stale-while-revalidate=604800, stale-if-error=604800",
  stored: "public, max-age=31536000, immutable",
  shortSeconds: 60,
  notFoundSeconds: 10,
  clientErrorSeconds: 30,
};

export interface BytesContext {
  /** The version in the URL, if there is one. */
  readonly askedVersion: string | undefined;
  /** The version of the bytes. */
  readonly version: string;
  /** The URL will be answered differently soon, for example by a redirect. */
  readonly isTemporary: boolean;
  /** The key names a version, so its bytes never change. */
  readonly isVersioned: boolean;
}

export function printBytesCaching(
  { askedVersion, version, isTemporary, isVersioned }: BytesContext,
  rules: CacheRules,
): string {
  if (askedVersion === version || isVersioned) return rules.versioned;
  // another version than the URL names: the right bytes may be there soon
  if (askedVersion !== undefined || isTemporary) return printShortCaching(rules);
  return rules.streamed;
}

export function printShortCaching({ shortSeconds }: CacheRules): string {
  return `public, max-age=${shortSeconds}`;
}

/** Errors that are about a part of the request that is not in a cache key. */
const UNCACHED: ReadonlySet<ErrorCode> = new Set([
  "method_not_allowed",
  "invalid_request",
  "unauthorized",
]);

export function printErrorCaching(code: ErrorCode, rules: CacheRules): string {
  const status = STATUS[code];
  if (status >= 500 || UNCACHED.has(code)) return "no-store";
  const seconds = status === 404 ? rules.notFoundSeconds : rules.clientErrorSeconds;
  return `public, max-age=${seconds}`;
}

/** Shortens all ages to the remaining seconds of a URL that expires. */
export function capCacheControl(cacheControl: string, seconds: number): string {
  const most = Math.max(0, Math.floor(seconds));
  return cacheControl
    .replaceAll(/=(\d+)/g, (_, age: string) => `=${Math.min(Number(age), most)}`)
    .replaceAll(/,\s*(?:immutable\b|stale-[\w-]+=\d+)/g, ""); // these would outlive the URL
}
