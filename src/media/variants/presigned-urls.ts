import { LRUCache } from "lru-cache";
import type { VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../variant.ts";
import { printVersion } from "../variant.ts";

/** What all remembered URLs may take, by their characters. */
const MAX_SIZE = 16 * 1024 * 1024;

/** For how long a redirect may be kept by others: until then its URL has to be good. */
const MARGIN_MS = 60_000;

interface PresignedUrl {
  readonly url: string;
  /** From when and until when it is given to those who ask, and until when it is good; in milliseconds since 1970. */
  readonly givenFrom: number;
  readonly givenUntil: number;
  readonly expiresAt: number;
}

export interface PresignedDeps {
  readonly presign: (
    key: string,
    options: {
      readonly method: "GET" | "HEAD";
      readonly version: string;
      readonly signedAt: number;
      readonly seconds: number;
    },
  ) => Promise<{ readonly url: string; readonly expiresAt: number }>;
  /** For how long the same URL is given, and is good at the least after that. */
  readonly windowSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A variant, and who asks for it. */
interface PresignInput {
  readonly request: VariantRequest;
  readonly info: VariantInfo;
  readonly method: string;
}

/** URLs of stored variants in a private bucket, the same ones for a while: to sign one takes half a millisecond. */
export interface PresignedUrls {
  /** The URL that is at hand. */
  getCached(wanted: PresignInput): PresignedUrl | undefined;
  /** @throws MediaError `store_failed` when there is nothing to sign with */
  sign(wanted: PresignInput): Promise<PresignedUrl>;
}

export function createPresignedUrls(deps: PresignedDeps): PresignedUrls {
  const urls = new LRUCache<string, PresignedUrl>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ url }, name) => url.length + name.length + 1,
  });
  const getCached = (wanted: PresignInput): PresignedUrl | undefined => {
    const known = urls.get(joinName(wanted));
    const now = deps.now();
    // a clock that was set back has signed for a time that is still to come
    return known && known.givenFrom <= now && now < known.givenUntil ? known : undefined;
  };
  return {
    getCached,
    sign: async (wanted) => {
      const known = getCached(wanted);
      if (known) return known;
      const signed = await sign(deps, wanted);
      urls.set(joinName(wanted), signed);
      return signed;
    },
  };
}

function joinName({ request, info, method }: PresignInput): string {
  const { variantKey, expires = "" } = request;
  return `${method} ${printVersion(info)} ${expires} ${variantKey}`;
}

async function sign(
  { presign, windowSeconds, now }: PresignedDeps,
  { request, info, method }: PresignInput,
): Promise<PresignedUrl> {
  const windowMs = windowSeconds * 1000;
  const signedAt = Math.floor(now() / windowMs) * windowMs;
  const most = 2 * windowSeconds;
  // who was given a URL for a time is not to be given another one for longer
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
