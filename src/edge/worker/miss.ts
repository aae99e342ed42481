import { asUnshared } from "../../media/sha256.ts";
import { MediaError } from "../../errors.ts";
import { answerSelected } from "../../http/answer/answer.ts";
import { selectBody } from "../../http/answer/conditions.ts";
import { getMediaType } from "../../transform/formats.ts";
import type { VariantRequest } from "../../request/request.ts";
import { encodeVariantKey } from "../../url/variant-key.ts";
import type { EdgeCache, BackgroundTasks } from "./bindings.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** Bytes of the largest answer that is cached. */
const MAX_CACHED_BYTES = 8 * 1024 * 1024;
/** Seconds for which a cached answer may replace one that the service cannot give. */
const STALE_SECONDS = 7 * 86_400;

export interface Missing {
  readonly settings: EdgeSettings;
  readonly request: VariantRequest;
  /** The request target, without query parameters that mean nothing. */
  readonly target: string;
  readonly raw: Pick<Request, "method" | "headers" | "url">;
  readonly cache: EdgeCache;
  readonly tasks: BackgroundTasks;
}

/**
 * Answers a variant that the bucket lacks: from Cloudflare's cache, else by the service, which makes it. When
 * the service does not answer, an older answer from the cache is used.
 *
 * @throws MediaError `store_failed` when there is no answer at all, `overloaded` for a client with too many misses
 */
export async function answerMiss(missing: Missing): Promise<Response> {
  const { cache } = missing;
  const names = chooseCacheNames(missing);
  const kept = names && (await cache.match(names.fresh));
  if (kept) return answerPart(kept, missing);
  await checkLimit(missing);
  try {
    const response = await forward(missing, names !== undefined);
    if (response.status < 500) return await storeInCache(response, missing, names);
    const stale = names && (await cache.match(names.stale));
    return stale ? await answerPart(markStale(stale), missing) : response;
  } catch (error) {
    const stale = names && (await cache.match(names.stale));
    if (stale) return answerPart(markStale(stale), missing);
    throw error;
  }
}

interface CacheNames {
  readonly fresh: string;
  readonly stale: string;
}

/**
 * Chooses the cache key: the stored form. Answers that not everybody may have are not cached: to signed URLs,
 * to stored names that may not be made, and to URLs that expire.
 */
function chooseCacheNames({ request, raw }: Missing): CacheNames | undefined {
  if (!request.mayMake || request.expires !== undefined || request.version !== undefined) {
    return undefined;
  }
  const fresh = new URL(`/${encodeVariantKey(request.variantKey)}`, raw.url).href;
  return { fresh, stale: `${fresh}?stale` };
}

async function checkLimit({ settings, raw }: Missing): Promise<void> {
  const key = raw.headers.get("cf-connecting-ip") ?? "unknown";
  const outcome = await settings.missLimit?.limit({ key });
  if (outcome?.success === false) {
    throw new MediaError(
      "overloaded",
      "this address has requested too many new images, try again later",
    );
  }
}

/** Asks for the whole answer if it may be cached; ranges and conditions are then applied here. */
function forward({ settings, target, raw }: Missing, isKept: boolean): Promise<Response> {
  const { method, headers } = raw;
  return askOrigin(settings, { method, target, headers, isConditional: !isKept });
}

async function storeInCache(
  response: Response,
  missing: Missing,
  names: CacheNames | undefined,
): Promise<Response> {
  const { cache, tasks, raw } = missing;
  // a deleted image must not come back when the service fails
  if (names && response.status === 404) tasks.waitUntil(cache.delete(names.stale));
  if (!names || raw.method !== "GET" || !isCacheable(response, missing)) return response;
  const bytes = await readWhole(response);
  const { status, headers } = response;
  const copy = (cacheControl: string): Response => {
    const kept = new Headers(headers);
    kept.set("cache-control", cacheControl);
    kept.set("x-edge-cache-control", headers.get("cache-control") ?? "");
    kept.delete("vary"); // the cache key names the format
    return new Response(bytes, { status, headers: kept });
  };
  tasks.waitUntil(cache.put(names.fresh, copy(headers.get("cache-control") ?? "no-store")));
  if (status === 200) {
    const stale = `public, max-age=${STALE_SECONDS}`;
    tasks.waitUntil(cache.put(names.stale, copy(stale)));
  }
  return answerPart(new Response(bytes, { status, headers }), missing);
}

/** @throws MediaError `store_failed` when the service does not send the whole answer in time */
async function readWhole(response: Response): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    const problem = "the connection to the service broke off, try again later";
    throw new MediaError("store_failed", problem, { cause });
  }
}

/** True for an image of the requested format and for definite errors; false for fallbacks and redirects. */
function isCacheable({ status, headers }: Response, { request }: Missing): boolean {
  const isShort = Number(headers.get("content-length") ?? Infinity) <= MAX_CACHED_BYTES;
  if (/no-store/.test(headers.get("cache-control") ?? "no-store") || !isShort) return false;
  return status === 200
    ? headers.get("content-type") === getMediaType(request.format)
    : status === 404 || status === 422;
}

/** Answers with the part of a whole answer that the client asks for. */
async function answerPart(whole: Response, missing: Missing): Promise<Response> {
  const { request, raw } = missing;
  const headers = new Headers(whole.headers);
  const cacheControl = headers.get("x-edge-cache-control") ?? headers.get("cache-control") ?? "";
  headers.set("cache-control", cacheControl);
  for (const name of ["x-edge-cache-control", "cf-cache-status"]) headers.delete(name);
  if (request.isNegotiated) headers.set("vary", "Accept");
  const etag = headers.get("etag");
  return whole.status === 200 && etag !== null
    ? selectBytes(new Uint8Array(await whole.arrayBuffer()), { etag, headers, raw })
    : new Response(raw.method === "HEAD" ? null : whole.body, { status: whole.status, headers });
}

interface Described {
  readonly etag: string;
  /** Headers of the whole answer. */
  readonly headers: Headers;
  readonly raw: Missing["raw"];
}

function selectBytes(bytes: Uint8Array, { etag, headers, raw }: Described): Response {
  const { method } = raw;
  const header = (name: string): string | undefined => raw.headers.get(name) ?? undefined;
  const selection = selectBody({ method, header }, { etag, size: bytes.length });
  const { status, body, ...answer } = answerSelected(
    selection,
    { etag, bytes },
    {
      contentType: headers.get("content-type") ?? "",
      cacheControl: headers.get("cache-control") ?? "",
    },
  );
  const said = new Headers(answer.headers);
  for (const name of status < 400 ? ["cache-tag", "content-disposition", "vary"] : []) {
    const value = headers.get(name);
    if (value !== null) said.set(name, value);
  }
  const sent = body && method !== "HEAD" ? asUnshared(body) : null;
  return new Response(sent, { status, headers: said });
}

/** Forbids every further cache to store an old answer. */
function markStale(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("x-edge-cache-control", "no-store");
  return new Response(response.body, { status: response.status, headers });
}
