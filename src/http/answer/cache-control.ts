/** How long others may keep what this service answers; every answer says so. */
export interface CacheRules {
  /** Bytes under a URL that names their version. */
  readonly versioned: string;
  /** Bytes under any other URL, when hits are streamed. */
  readonly streamed: string;
  /** The objects in the bucket, but for those whose keys name a version: pages may link them without one. */
  readonly stored: string;
  /** Redirects, and bytes under a URL that will redirect the next time. */
  readonly shortSeconds: number;
  readonly notFoundSeconds: number;
  /** Any other mistake of the client's. */
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
  /** The version that the URL names, if it names one. */
  readonly askedVersion: string | undefined;
  /** The version of the bytes. */
  readonly version: string;
  /** Whether a later request for the same URL is answered otherwise, such as by a redirect. */
  readonly isTemporary: boolean;
  /** The URL names the version that its author has in mind, so that it stands for these bytes only. */
  readonly isVersioned: boolean;
}

export function printBytesCaching(
  { askedVersion, version, isTemporary, isVersioned }: BytesContext,
  rules: CacheRules,
): string {
  if (askedVersion === version || isVersioned) return rules.versioned;
  // the version is wrong: by the next request the right bytes may be there
  if (askedVersion !== undefined || isTemporary) return printShortCaching(rules);
  return rules.streamed;
}

export function printShortCaching({ shortSeconds }: CacheRules): string {
  return `public, max-age=${shortSeconds}`;
}

export function printErrorCaching(status: number, rules: CacheRules): string {
  // a method is not part of what caches know an answer by
  if (status >= 500 || status === 405) return "no-store";
  const seconds = status === 404 ? rules.notFoundSeconds : rules.clientErrorSeconds;
  return `public, max-age=${seconds}`;
}

/** Nobody is to keep an answer for longer than its URL is good. */
export function capCacheControl(cacheControl: string, seconds: number): string {
  const most = Math.max(0, Math.floor(seconds));
  return cacheControl
    .replaceAll(/=(\d+)/g, (_, age: string) => `=${Math.min(Number(age), most)}`)
    .replaceAll(/,\s*(?:immutable\b|stale-[\w-]+=\d+)/g, ""); // stale is past the end
}
