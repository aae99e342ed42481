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

/** Dependencies of answers that need no I/O. */
export interface AnswerDeps {
  readonly variants: Pick<Variants, "getCachedBytes">;
  readonly rules: RequestRules;
  readonly delivery: Delivery;
  /** The beginning of the public URL of a variant, without a slash at its end; may be empty. */
  readonly publicUrl: string | undefined;
  readonly presigned?: PresignedUrls | undefined;
  readonly cache: CacheRules;
}

/** A request for a variant on any kind of server, and the dependencies of its answer. */
export interface AnswerInput {
  readonly deps: AnswerDeps;
  readonly request: VariantRequest;
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** The answer without I/O; `undefined` when bytes have to be read first, or a URL has to be signed. */
export function answerFromMemory(input: AnswerInput, found: FoundVariant): Answer | undefined {
  const { deps, request, method } = input;
  const info = getInfo(found);
  const selection = selectBody(input, info);
  // conditions are about bytes, so a client that has them is not redirected
  const isRedirected = mayRedirect(found) && selection.kind !== "not_modified";
  if (isRedirected && pickDelivery(input) !== "stream") return redirectFromMemory(input, info);
  const headers = createImageHeaders(input, info);
  const answer = answerWithoutBytes(selection, info, headers);
  if (answer) return answer;
  if (method === "HEAD") return answerHead(info, headers);
  const bytes =
    found.kind === "made" ? found.variant.bytes : deps.variants.getCachedBytes(request, info);
  return bytes && answerSelected(selection, { etag: info.etag, bytes }, headers);
}

/** The beginning of an answer whose bytes, or those of a range, are sent later. */
export function answerStreamHead(
  input: AnswerInput,
  info: VariantInfo,
  range?: ByteRange,
): AnswerHead {
  const headers = createImageHeaders(input, info);
  return range ? answerPartHead(range, info, headers) : answerHead(info, headers);
}

/** Redirects lead to the stored form, so that form never redirects. */
function mayRedirect({ kind, request }: FoundVariant): boolean {
  return kind === "stored" && request.form === "request";
}

export function getInfo(found: FoundVariant): VariantInfo {
  return found.kind === "made" ? found.variant.info : found.info;
}

function pickDelivery({ deps, header }: AnswerInput): Exclude<Delivery, "auto"> {
  return chooseDelivery(deps.delivery, (name) => header(name) !== undefined, listPossible(deps));
}

/** The delivery to clients that do not look like a CDN. */
function pickUsualDelivery({ deps }: AnswerInput): Exclude<Delivery, "auto"> {
  return chooseDelivery(deps.delivery, () => false, listPossible(deps));
}

function listPossible({ publicUrl, presigned }: AnswerDeps): Parameters<typeof chooseDelivery>[2] {
  return { hasPublicUrl: publicUrl !== undefined, canPresign: presigned !== undefined };
}

function redirectFromMemory(input: AnswerInput, info: VariantInfo): Answer | undefined {
  const { deps, request, method } = input;
  if (pickDelivery(input) === "redirect") return redirectToStored(input, info);
  const known = deps.presigned?.getCached({ request, info, method });
  return known && redirectTo(input, known.url);
}

function redirectToStored(input: AnswerInput, info: VariantInfo): Answer {
  const { deps, request } = input;
  const path = encodeVariantKey(request.variantKey);
  return redirectTo(input, `${deps.publicUrl}/${path}?v=${printVersion(info)}`);
}

/** Until when the same variant is redirected to the same URL; in milliseconds since 1970. */
export function getRedirectEnd(input: AnswerInput, info: VariantInfo): number {
  if (pickDelivery(input) !== "presigned") return Infinity;
  const { deps, request, method } = input;
  return deps.presigned?.getCached({ request, info, method })?.givenUntil ?? 0;
}

/** Redirects to a URL that has to be signed first. */
export async function redirectToSigned(
  input: AnswerInput,
  found: FoundVariant,
): Promise<Answer | undefined> {
  const { deps, request, method } = input;
  if (!mayRedirect(found) || pickDelivery(input) !== "presigned") return undefined;
  const signed = await deps.presigned?.sign({ request, info: getInfo(found), method });
  if (!signed) return undefined;
  const { url, expiresAt } = signed;
  return redirectTo(input, url, (expiresAt - deps.rules.now()) / 1000);
}

/** @param seconds until the location expires, if it does */
function redirectTo({ deps, request }: AnswerInput, location: string, seconds?: number): Answer {
  const cacheControl = limitToExpiry(printShortCaching(deps.cache), request, deps.rules);
  return answerRedirect(location, {
    cacheControl: seconds === undefined ? cacheControl : capCacheControl(cacheControl, seconds),
    ...printVary(request),
  });
}

export function createImageHeaders(input: AnswerInput, info: VariantInfo): ImageHeaders {
  const { deps, request } = input;
  // for a fallback, a better format is being made, and the rest of an original may be uploaded
  const isPassing = request.isFallback === true || info.isTruncated === true;
  const context = {
    askedVersion: info.isTruncated ? undefined : request.version,
    version: printVersion(info),
    // another client may be redirected
    isTemporary: pickUsualDelivery(input) !== "stream" || isPassing,
    isVersioned: request.spec.version !== undefined && !isPassing,
  };
  return {
    ...describeContent(request),
    ...(info.isTruncated && { isTruncated: true }),
    cacheControl: limitToExpiry(printBytesCaching(context, deps.cache), request, deps.rules),
    ...printVary(request),
  };
}

/** Names the request header that the answer depends on, if there is one. */
export function printVary({ isNegotiated }: VariantRequest): { vary?: string } {
  return isNegotiated ? { vary: "Accept" } : {};
}

/** Caches must not keep an answer after its URL has expired. */
export function limitToExpiry(
  cacheControl: string,
  { expires }: VariantRequest,
  { now }: RequestRules,
): string {
  return expires ? capCacheControl(cacheControl, expires - now() / 1000) : cacheControl;
}
