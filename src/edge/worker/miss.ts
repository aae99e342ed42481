import { asUnshared } from "../../media/sha256.ts";
import { MediaError } from "../../errors.ts";
import { answerSelected } from "../../http/answer/answer.ts";
import { selectBody } from "../../http/answer/conditions.ts";
import { getMediaType } from "../../transform/formats.ts";
import type { VariantRequest } from "../../request/request.ts";
import { encodeVariantKey } from "../../url/variant-key.ts";
import type { EdgeCache, Lifetime } from "./bindings.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** A larger answer goes through without being kept. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** How long an image may stand in for one that cannot be had. */
const STALE_SECONDS = 7 * 86_400;

export interface Missing {
  readonly settings: EdgeSettings;
  readonly request: VariantRequest;
  /** As it came, but for a query that means nothing. */
  readonly target: string;
  readonly raw: Pick<Request, "method" | "headers" | "url">;
  readonly cache: EdgeCache;
  readonly lifetime: Lifetime;
}

/**
 * Answers what is not in the bucket: from Cloudflare's cache, else by the service, which makes it. When
 * that does not answer, what was answered before stands in.
 *
 * @throws MediaError `store_failed` when there is nothing at all, `overloaded` for a client with too many
 */
export async function answerMiss(missing: Missing): Promise<Response> {
  const { cache } = missing;
  const names = listNames(missing);
  const kept = names && (await cache.match(names.fresh));
  if (kept) return select(kept, missing);
  await checkLimit(missing);
  try {
    const response = await ask(missing, names !== undefined);
    if (response.status < 500) return await keep(response, missing, names);
    const stale = names && (await cache.match(names.stale));
    return stale ? await select(asStale(stale), missing) : response;
  } catch (error) {
    const stale = names && (await cache.match(names.stale));
    if (stale) return select(asStale(stale), missing);
    throw error;
  }
}

interface Names {
  readonly fresh: string;
  readonly stale: string;
}

/**
 * What the answer is kept under: the stored form, whatever was typed. Not everybody may have what is asked
 * for with a signature, or by name only if it is there; and the service knows when a URL expires.
 */
function listNames({ request, raw }: Missing): Names | undefined {
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
    throw new MediaError("overloaded", "too many images have to be made for you, try again later");
  }
}

/** What is kept has to be whole: ranges and conditions are seen to here. */
function ask({ settings, target, raw }: Missing, isKept: boolean): Promise<Response> {
  const { method, headers } = raw;
  return askOrigin(settings, { method, target, headers, isConditional: !isKept });
}

async function keep(
  response: Response,
  missing: Missing,
  names: Names | undefined,
): Promise<Response> {
  const { cache, lifetime, raw } = missing;
  // what has been taken down is not to come back with the next failure
  if (names && response.status === 404) lifetime.waitUntil(cache.delete(names.stale));
  if (!names || raw.method !== "GET" || !isLasting(response, missing)) return response;
  const bytes = await readWhole(response);
  const { status, headers } = response;
  const copy = (cacheControl: string): Response => {
    const kept = new Headers(headers);
    kept.set("cache-control", cacheControl);
    kept.set("x-edge-cache-control", headers.get("cache-control") ?? "");
    kept.delete("vary"); // it is one format
    return new Response(bytes, { status, headers: kept });
  };
  lifetime.waitUntil(cache.put(names.fresh, copy(headers.get("cache-control") ?? "no-store")));
  if (status === 200) {
    const stale = `public, max-age=${STALE_SECONDS}`;
    lifetime.waitUntil(cache.put(names.stale, copy(stale)));
  }
  return select(new Response(bytes, { status, headers }), missing);
}

/** @throws MediaError `store_failed` when the service does not give all of it in time */
async function readWhole(response: Response): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    const problem = "the service behind the edge has broken off, try again later";
    throw new MediaError("store_failed", problem, { cause });
  }
}

/** An image of the format that was asked for, or the reason why there is none; no stand-in, no redirect. */
function isLasting({ status, headers }: Response, { request }: Missing): boolean {
  const isShort = Number(headers.get("content-length") ?? Infinity) <= MAX_KEPT_BYTES;
  if (/no-store/.test(headers.get("cache-control") ?? "no-store") || !isShort) return false;
  return status === 200
    ? headers.get("content-type") === getMediaType(request.format)
    : status === 404 || status === 422;
}

/** Gives of a whole answer what the client asks for. */
async function select(whole: Response, missing: Missing): Promise<Response> {
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
  /** Of the whole answer. */
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

/** Nobody else is to keep it. */
function asStale(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("x-edge-cache-control", "no-store");
  return new Response(response.body, { status: response.status, headers });
}
