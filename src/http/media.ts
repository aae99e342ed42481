import { orAbort } from "../abort.ts";
import { MediaError } from "../errors.ts";
import type { RequestRules, VariantRequest } from "../media/request.ts";
import type { VariantInfo } from "../media/variant.ts";
import { describeContent, versionOf } from "../media/variant.ts";
import type { Timings } from "../media/timings.ts";
import type { FindOptions, Found, Variants } from "../media/variants.ts";
import { encodeVariantKey } from "../url/variant-key.ts";
import type { CacheRules } from "./cache-control.ts";
import { cacheBytes, cacheShortly, capCacheControl } from "./cache-control.ts";
import type { Delivery } from "./delivery.ts";
import { shouldRedirect } from "./delivery.ts";
import type { Answer, VariantHeaders } from "./answers.ts";
import {
  answerBytes,
  answerHead,
  answerNotModified,
  answerRedirect,
  isUnchanged,
  toResponse,
} from "./answers.ts";

export interface MediaDeps {
  readonly variants: Variants;
  readonly rules: RequestRules;
  readonly delivery: Delivery;
  /** What the public URL of a variant begins with, without its last slash; may be empty. */
  readonly publicUrl: string | undefined;
  readonly cache: CacheRules;
}

/** A write that takes longer does not keep the answer to a HEAD waiting. */
const HEAD_WRITE_WAIT_MS = 5000;

/**
 * Answers a request for a variant.
 *
 * @throws MediaError what the use case throws, with advice for whoever asked
 */
export async function respondMedia(
  deps: MediaDeps,
  request: VariantRequest,
  { raw, timings }: Asking,
): Promise<Response> {
  const { method, headers } = raw;
  const found = await find(deps, request, { raw, timings }).catch((error: unknown) => {
    throw advise(error, request);
  });
  // to make a variant without fetching it, as `curl -I` does, is to want it kept
  if (method === "HEAD" && found.kind === "made") {
    await orAbort(found.written, AbortSignal.timeout(HEAD_WRITE_WAIT_MS)).catch(() => undefined);
  }
  const asked = {
    deps,
    request: found.request,
    method,
    header: (name: string) => headers.get(name) ?? undefined,
  };
  const answer = answerFound(asked, found);
  if (answer) return toResponse(answer);
  const variant = await deps.variants.read(found.request, infoOf(found));
  // it may have been made anew meanwhile
  return toResponse(answerBytes(variant, describe(asked, variant.info)));
}

interface Asking {
  readonly raw: Pick<Request, "method" | "headers" | "signal">;
  readonly timings: Timings;
}

async function find(
  { variants }: MediaDeps,
  request: VariantRequest,
  { raw, timings }: Asking,
): Promise<Found> {
  const options: FindOptions = {
    timings,
    // asked for only when there is something to wait for: it costs an adapter more than a hit does
    get signal() {
      return raw.signal;
    },
  };
  try {
    return await variants.find(request, options);
  } catch (error) {
    if (error instanceof MediaError || !raw.signal.aborted) throw error;
    throw new MediaError("aborted", "the client has gone");
  }
}

/** The failure is shared by all who asked; how the key was to be read is each one's own. */
function advise(error: unknown, { hint }: VariantRequest): unknown {
  const isMissing = error instanceof MediaError && error.code === "original_not_found";
  return isMissing && hint ? new MediaError(error.code, `${error.message}; ${hint}`) : error;
}

/** The request header that the answer depends on, if there is one. */
export function varyOf({ isNegotiated }: VariantRequest): { vary?: string } {
  return isNegotiated ? { vary: "Accept" } : {};
}

/** Whoever asks for a variant, on whichever server. */
export interface Asked {
  readonly deps: MediaDeps;
  readonly request: VariantRequest;
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** The answer about a variant; `undefined` when its bytes have to be read first. */
export function answerFound(asked: Asked, found: Found): Answer | undefined {
  const { deps, request, method } = asked;
  const info = infoOf(found);
  // the stored form is what redirects lead to, so it never redirects
  const mayRedirect = found.kind === "stored" && request.form === "request";
  const ifNoneMatch = asked.header("if-none-match");
  if (ifNoneMatch !== undefined && isUnchanged(ifNoneMatch, info)) {
    return answerNotModified(info, describe(asked, info));
  }
  if (mayRedirect && isRedirecting(asked)) return redirectToStored(asked, info);
  if (method === "HEAD") return answerHead(info, describe(asked, info));
  const bytes = found.kind === "made" ? found.variant.bytes : deps.variants.kept(request, info);
  return bytes && answerBytes({ info, bytes }, describe(asked, info));
}

function infoOf(found: Found): VariantInfo {
  return found.kind === "made" ? found.variant.info : found.info;
}

function isRedirecting({ deps, header }: Asked): boolean {
  const hasHeader = (name: string): boolean => header(name) !== undefined;
  return shouldRedirect(deps.delivery, hasHeader, deps.publicUrl !== undefined);
}

function redirectToStored({ deps, request }: Asked, info: VariantInfo): Answer {
  const path = encodeVariantKey(request.variantKey);
  return answerRedirect(`${deps.publicUrl}/${path}?v=${versionOf(info)}`, {
    cacheControl: limitToExpiry(cacheShortly(deps.cache), request, deps.rules),
    ...varyOf(request),
  });
}

function describe(asked: Asked, info: VariantInfo): VariantHeaders {
  const { deps, request } = asked;
  const context = {
    asked: request.version,
    actual: versionOf(info),
    // a better format is on its way
    isPassing: isRedirecting(asked) || request.isStandIn === true,
    isPinned: request.spec.version !== undefined && !request.isStandIn,
  };
  return {
    ...describeContent(request),
    cacheControl: limitToExpiry(cacheBytes(context, deps.cache), request, deps.rules),
    ...varyOf(request),
  };
}

/** No answer is to be kept for longer than its URL is good. */
export function limitToExpiry(
  cacheControl: string,
  { expires }: VariantRequest,
  { now }: RequestRules,
): string {
  return expires ? capCacheControl(cacheControl, expires - now() / 1000) : cacheControl;
}
