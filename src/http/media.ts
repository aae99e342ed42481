import { orAbort } from "../abort.ts";
import { MediaError } from "../errors.ts";
import type { Outcome } from "../media/look-up.ts";
import type { RequestRules, VariantRequest } from "../media/request.ts";
import type { VariantInfo } from "../media/variant.ts";
import { describeContent, versionOf } from "../media/variant.ts";
import type { Variants } from "../media/variants.ts";
import { encodeVariantKey } from "../url/variant-key.ts";
import type { CacheRules } from "./cache-control.ts";
import { cacheBytes, cacheShortly, capCacheControl } from "./cache-control.ts";
import type { Delivery } from "./delivery.ts";
import { shouldRedirect } from "./delivery.ts";
import type { VariantHeaders } from "./responses.ts";
import {
  isUnchanged,
  respondBytes,
  respondHead,
  respondNotModified,
  respondRedirect,
} from "./responses.ts";

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
  { method, headers }: Pick<Request, "method" | "headers">,
): Promise<Response> {
  const outcome = await deps.variants.find(request).catch((error: unknown) => {
    throw advise(error, request);
  });
  // to make a variant without fetching it, as `curl -I` does, is to want it kept
  if (method === "HEAD" && outcome.kind === "made") {
    await orAbort(outcome.written, AbortSignal.timeout(HEAD_WRITE_WAIT_MS)).catch(() => undefined);
  }
  return respondOutcome({ deps, request, method, headers }, outcome);
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

async function respondOutcome(answer: Answer, outcome: Outcome): Promise<Response> {
  const { deps, request, method } = answer;
  const info = outcome.kind === "made" ? outcome.variant.info : outcome.info;
  const described = describe(answer, info);
  if (isKnown(answer, info)) return respondNotModified(info, described);
  // the stored form is what redirects lead to, so it never redirects
  const mayRedirect = request.form === "request" && isRedirecting(answer);
  if (outcome.kind === "stored" && mayRedirect) return redirectToStored(answer, info);
  if (method === "HEAD") return respondHead(info, described);
  if (outcome.kind === "made") return respondBytes(outcome.variant, described);
  const variant = await deps.variants.read(request, info);
  // it may have been made anew meanwhile
  return respondBytes(variant, describe(answer, variant.info));
}

interface Answer {
  readonly deps: MediaDeps;
  readonly request: VariantRequest;
  readonly method: string;
  readonly headers: Headers;
}

function isRedirecting({ deps, headers }: Answer): boolean {
  return shouldRedirect(deps.delivery, headers, deps.publicUrl !== undefined);
}

function redirectToStored(answer: Answer, info: VariantInfo): Response {
  const { deps, request } = answer;
  const path = encodeVariantKey(request.variantKey);
  return respondRedirect(`${deps.publicUrl}/${path}?v=${versionOf(info)}`, {
    cacheControl: limitToExpiry(cacheShortly(deps.cache), request, deps.rules),
    ...varyOf(request),
  });
}

function isKnown({ headers }: Answer, info: VariantInfo): boolean {
  return isUnchanged(headers.get("if-none-match") ?? undefined, info);
}

function describe(answer: Answer, info: VariantInfo): VariantHeaders {
  const { deps, request } = answer;
  const context = {
    asked: request.version,
    actual: versionOf(info),
    isRedirecting: isRedirecting(answer),
    isPinned: request.spec.version !== undefined,
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
