import { LRUCache } from "lru-cache";
import type { VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../variant.ts";
import { printVersion } from "../variant.ts";

/** For all cached URLs and their names, in characters. */
const MAX_SIZE = 16 * 1024 * 1024;

/** Caches may keep a redirect for this long, so its URL has to stay valid for this long. */
const MARGIN_MS = 60_000;

interface PresignedUrl {
  readonly url: string;
  /** From when and until when this URL is given out, in milliseconds since 1970. */
  readonly givenFrom: number;
  readonly givenUntil: number;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface PresignedUrlsDeps {
  readonly presign: (
    key: string,
    options: {
      readonly method: "GET" | "HEAD";
      readonly version: string;
      readonly signedAt: number;
      readonly seconds: number;
    },
  ) => Promise<{ readonly url: string; readonly expiresAt: number }>;
  /** The same URL is given out for this long, and stays valid for as long again. */
  readonly windowSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface PresignInput {
  readonly request: VariantRequest;
  readonly info: VariantInfo;
  readonly method: string;
}

/** URLs of stored variants in a private bucket. A URL is given out for a while: to sign one takes half a millisecond. */
export class PresignedUrls {
  readonly #deps: PresignedUrlsDeps;
  readonly #urls = new LRUCache<string, PresignedUrl>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ url }, name) => url.length + name.length + 1,
  });

  constructor(deps: PresignedUrlsDeps) {
    this.#deps = deps;
  }

  getCached(input: PresignInput): PresignedUrl | undefined {
    const known = this.#urls.get(joinName(input));
    const now = this.#deps.now();
    // after the clock was set back, a URL may not be valid yet
    return known && known.givenFrom <= now && now < known.givenUntil ? known : undefined;
  }

  /** @throws MediaError `store_failed` when there are no credentials to sign with */
  async sign(input: PresignInput): Promise<PresignedUrl> {
    const known = this.getCached(input);
    if (known) return known;
    const signed = await sign(this.#deps, input);
    this.#urls.set(joinName(input), signed);
    return signed;
  }
}

function joinName({ request, info, method }: PresignInput): string {
  const { variantKey, expires = "" } = request;
  return `${method} ${printVersion(info)} ${expires} ${variantKey}`;
}

async function sign(
  { presign, windowSeconds, now }: PresignedUrlsDeps,
  { request, info, method }: PresignInput,
): Promise<PresignedUrl> {
  const windowMs = windowSeconds * 1000;
  const signedAt = Math.floor(now() / windowMs) * windowMs;
  const most = 2 * windowSeconds;
  // a URL that expires must not lead to one that expires later
  const left = request.expires === undefined ? most : request.expires - signedAt / 1000;
  const { url, expiresAt } = await presign(request.variantKey, {
    method: method === "HEAD" ? "HEAD" : "GET",
    version: printVersion(info),
    signedAt,
    seconds: Math.max(1, Math.min(most, left)),
  });
  const givenUntil = Math.min(signedAt + windowMs, expiresAt - MARGIN_MS);
  return { url, expiresAt, givenFrom: signedAt, givenUntil };
}
