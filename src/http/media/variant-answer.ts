import type { PresignedUrls } from "../../media/variants/presigned-urls.ts";
import type { RequestRules, VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../../media/variant.ts";
import { describeContent, printVersion } from "../../media/variant.ts";
import type { FoundVariant, Variants } from "../../media/variants/variants.ts";
import { encodeVariantKey } from "../../url/variant-key.ts";
import type { Answer, AnswerHead, ImageHeaders } from "../answer/answer.ts";
import {
  answerHead,
  answerPartHead,
  answerRedirect,
  answerSelected,
  answerWithoutBytes,
} from "../answer/answer.ts";
import type { CacheRules } from "../answer/cache-control.ts";
import { printBytesCaching, printShortCaching, capCacheControl } from "../answer/cache-control.ts";
import { selectBody } from "../answer/conditions.ts";
import type { Delivery } from "../answer/delivery.ts";
import { chooseDelivery } from "../answer/delivery.ts";
import type { ByteRange } from "../answer/ranges.ts";

/** What answers without reading: bytes count as far as they are at hand. */
export interface AnswerDeps {
  readonly variants: Pick<Variants, "getCachedBytes">;
  readonly rules: RequestRules;
  readonly delivery: Delivery;
  /** What the public URL of a variant begins with, without its last slash; may be empty. */
  readonly publicUrl: string | undefined;
  /** Where variants can be fetched for a while by whoever is told how. */
  readonly presigned?: PresignedUrls | undefined;
  readonly cache: CacheRules;
}

/** Whoever asks for a variant, on whichever server. */
export interface AnswerInput {
  readonly deps: AnswerDeps;
  readonly request: VariantRequest;
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** The answer about a variant; `undefined` when its bytes have to be read first, or a URL to be signed. */
export function answerFromMemory(asked: AnswerInput, found: FoundVariant): Answer | undefined {
  const { deps, request, method } = asked;
  const info = getInfo(found);
  const selection = selectBody(asked, info);
  // conditions are of bytes
  const isRedirected = mayRedirect(found) && selection.kind !== "not_modified";
  if (isRedirected && pickDelivery(asked) !== "stream") return redirectFromMemory(asked, info);
  const headers = createImageHeaders(asked, info);
  const answer = answerWithoutBytes(selection, info, headers);
  if (answer) return answer;
  if (method === "HEAD") return answerHead(info, headers);
  const bytes =
    found.kind === "made" ? found.variant.bytes : deps.variants.getCachedBytes(request, info);
  return bytes && answerSelected(selection, { etag: info.etag, bytes }, headers);
}

/** How an answer about a variant begins whose bytes, or those of a range, are still to come. */
export function answerStreamHead(
  asked: AnswerInput,
  info: VariantInfo,
  range?: ByteRange,
): AnswerHead {
  const headers = createImageHeaders(asked, info);
  return range ? answerPartHead(range, info, headers) : answerHead(info, headers);
}

/** The stored form is what redirects lead to, so it never redirects. */
function mayRedirect({ kind, request }: FoundVariant): boolean {
  return kind === "stored" && request.form === "request";
}

export function getInfo(found: FoundVariant): VariantInfo {
  return found.kind === "made" ? found.variant.info : found.info;
}

function pickDelivery({ deps, header }: AnswerInput): Exclude<Delivery, "auto"> {
  return chooseDelivery(deps.delivery, (name) => header(name) !== undefined, {
    hasPublicUrl: deps.publicUrl !== undefined,
    canPresign: deps.presigned !== undefined,
  });
}

function redirectFromMemory(asked: AnswerInput, info: VariantInfo): Answer | undefined {
  const { deps, request, method } = asked;
  if (pickDelivery(asked) === "redirect") return redirectToStored(asked, info);
  const known = deps.presigned?.getCached({ request, info, method });
  return known && redirectTo(asked, known.url);
}

function redirectToStored(asked: AnswerInput, info: VariantInfo): Answer {
  const { deps, request } = asked;
  const path = encodeVariantKey(request.variantKey);
  return redirectTo(asked, `${deps.publicUrl}/${path}?v=${printVersion(info)}`);
}

/** Until when a redirect is answered as it is now, as long as the variant is the same; in milliseconds since 1970. */
export function getRedirectEnd(asked: AnswerInput, info: VariantInfo): number {
  if (pickDelivery(asked) !== "presigned") return Infinity;
  const { deps, request, method } = asked;
  return deps.presigned?.getCached({ request, info, method })?.givenUntil ?? 0;
}

/** To a URL that has to be signed first. */
export async function redirectToSigned(
  asked: AnswerInput,
  found: FoundVariant,
): Promise<Answer | undefined> {
  const { deps, request, method } = asked;
  if (!mayRedirect(found) || pickDelivery(asked) !== "presigned") return undefined;
  const signed = await deps.presigned?.sign({ request, info: getInfo(found), method });
  if (!signed) return undefined;
  const { url, expiresAt } = signed;
  return redirectTo(asked, url, (expiresAt - deps.rules.now()) / 1000);
}

/** @param seconds for which the location is good, if that may be less than its redirect may be kept */
function redirectTo({ deps, request }: AnswerInput, location: string, seconds?: number): Answer {
  const cacheControl = limitToExpiry(printShortCaching(deps.cache), request, deps.rules);
  return answerRedirect(location, {
    cacheControl: seconds === undefined ? cacheControl : capCacheControl(cacheControl, seconds),
    ...printVary(request),
  });
}

export function createImageHeaders(asked: AnswerInput, info: VariantInfo): ImageHeaders {
  const { deps, request } = asked;
  const context = {
    askedVersion: request.version,
    version: printVersion(info),
    // a better format is on its way
    isTemporary: pickDelivery(asked) !== "stream" || request.isFallback === true,
    isVersioned: request.spec.version !== undefined && !request.isFallback,
  };
  return {
    ...describeContent(request),
    cacheControl: limitToExpiry(printBytesCaching(context, deps.cache), request, deps.rules),
    ...printVary(request),
  };
}

/** The request header that the answer depends on, if there is one. */
export function printVary({ isNegotiated }: VariantRequest): { vary?: string } {
  return isNegotiated ? { vary: "Accept" } : {};
}

/** No answer is to be kept for longer than its URL is good. */
export function limitToExpiry(
  cacheControl: string,
  { expires }: VariantRequest,
  { now }: RequestRules,
): string {
  return expires ? capCacheControl(cacheControl, expires - now() / 1000) : cacheControl;
}
