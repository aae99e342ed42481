import type { PresignedUrls } from "../../media/variants/presigned-urls.ts";
import type { RequestRules, VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../../media/variant.ts";
import { describeContent, versionOf } from "../../media/variant.ts";
import type { Found, Variants } from "../../media/variants/variants.ts";
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
import { cacheBytes, cacheShortly, capCacheControl } from "../answer/cache-control.ts";
import { selectBody } from "../answer/conditions.ts";
import type { Delivery } from "../answer/delivery.ts";
import { chooseDelivery } from "../answer/delivery.ts";
import type { ByteRange } from "../answer/ranges.ts";

/** What answers without reading: bytes count as far as they are at hand. */
export interface FoundDeps {
  readonly variants: Pick<Variants, "kept">;
  readonly rules: RequestRules;
  readonly delivery: Delivery;
  /** What the public URL of a variant begins with, without its last slash; may be empty. */
  readonly publicUrl: string | undefined;
  /** Where variants can be fetched for a while by whoever is told how. */
  readonly presigned?: PresignedUrls | undefined;
  readonly cache: CacheRules;
}

/** Whoever asks for a variant, on whichever server. */
export interface Asked {
  readonly deps: FoundDeps;
  readonly request: VariantRequest;
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** The answer about a variant; `undefined` when its bytes have to be read first, or a URL to be signed. */
export function answerFound(asked: Asked, found: Found): Answer | undefined {
  const { deps, request, method } = asked;
  const info = infoOf(found);
  const selection = selectBody(asked, info);
  // conditions are of bytes
  const isRedirected = mayRedirect(found) && selection.kind !== "not_modified";
  if (isRedirected && deliveryOf(asked) !== "stream") return redirectAtHand(asked, info);
  const headers = describe(asked, info);
  const answer = answerWithoutBytes(selection, info, headers);
  if (answer) return answer;
  if (method === "HEAD") return answerHead(info, headers);
  const bytes = found.kind === "made" ? found.variant.bytes : deps.variants.kept(request, info);
  return bytes && answerSelected(selection, { etag: info.etag, bytes }, headers);
}

/** How an answer about a variant begins whose bytes, or those of a range, are still to come. */
export function answerFoundHead(asked: Asked, info: VariantInfo, range?: ByteRange): AnswerHead {
  const headers = describe(asked, info);
  return range ? answerPartHead(range, info, headers) : answerHead(info, headers);
}

/** The stored form is what redirects lead to, so it never redirects. */
function mayRedirect({ kind, request }: Found): boolean {
  return kind === "stored" && request.form === "request";
}

export function infoOf(found: Found): VariantInfo {
  return found.kind === "made" ? found.variant.info : found.info;
}

function deliveryOf({ deps, header }: Asked): Exclude<Delivery, "auto"> {
  return chooseDelivery(deps.delivery, (name) => header(name) !== undefined, {
    hasPublicUrl: deps.publicUrl !== undefined,
    canPresign: deps.presigned !== undefined,
  });
}

function redirectAtHand(asked: Asked, info: VariantInfo): Answer | undefined {
  const { deps, request, method } = asked;
  if (deliveryOf(asked) === "redirect") return redirectToStored(asked, info);
  const known = deps.presigned?.recall({ request, info, method });
  return known && redirectTo(asked, known.url);
}

function redirectToStored(asked: Asked, info: VariantInfo): Answer {
  const { deps, request } = asked;
  const path = encodeVariantKey(request.variantKey);
  return redirectTo(asked, `${deps.publicUrl}/${path}?v=${versionOf(info)}`);
}

/** Until when a redirect is answered as it is now, as long as the variant is the same; in milliseconds since 1970. */
export function redirectedUntil(asked: Asked, info: VariantInfo): number {
  if (deliveryOf(asked) !== "presigned") return Infinity;
  const { deps, request, method } = asked;
  return deps.presigned?.recall({ request, info, method })?.givenUntil ?? 0;
}

/** To a URL that has to be signed first. */
export async function redirectToSigned(asked: Asked, found: Found): Promise<Answer | undefined> {
  const { deps, request, method } = asked;
  if (!mayRedirect(found) || deliveryOf(asked) !== "presigned") return undefined;
  const signed = await deps.presigned?.sign({ request, info: infoOf(found), method });
  if (!signed) return undefined;
  const { url, expiresAt } = signed;
  return redirectTo(asked, url, (expiresAt - deps.rules.now()) / 1000);
}

/** @param seconds for which the location is good, if that may be less than its redirect may be kept */
function redirectTo({ deps, request }: Asked, location: string, seconds?: number): Answer {
  const cacheControl = limitToExpiry(cacheShortly(deps.cache), request, deps.rules);
  return answerRedirect(location, {
    cacheControl: seconds === undefined ? cacheControl : capCacheControl(cacheControl, seconds),
    ...varyOf(request),
  });
}

export function describe(asked: Asked, info: VariantInfo): ImageHeaders {
  const { deps, request } = asked;
  const context = {
    asked: request.version,
    actual: versionOf(info),
    // a better format is on its way
    isPassing: deliveryOf(asked) !== "stream" || request.isStandIn === true,
    isPinned: request.spec.version !== undefined && !request.isStandIn,
  };
  return {
    ...describeContent(request),
    cacheControl: limitToExpiry(cacheBytes(context, deps.cache), request, deps.rules),
    ...varyOf(request),
  };
}

/** The request header that the answer depends on, if there is one. */
export function varyOf({ isNegotiated }: VariantRequest): { vary?: string } {
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
