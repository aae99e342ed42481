import type { Variant, VariantInfo } from "../media/variant.ts";

/** On every answer: pictures may be used anywhere, and nothing here may act as a document. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "timing-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

export const ALLOWED_METHODS = "GET, HEAD, OPTIONS";

export interface VariantHeaders {
  readonly contentType: string;
  readonly contentDisposition: string;
  readonly cacheControl: string;
  /** The request header that the choice of the format depends on. */
  readonly vary?: string;
}

/** An answer to whichever server asked for it; its headers are all that it needs. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export function answerBytes({ info, bytes }: Variant, headers: VariantHeaders): Answer {
  return { status: 200, headers: describeBytes(info, headers), body: bytes };
}

/** What `answerBytes` says, without the bytes. */
export function answerHead(info: VariantInfo, headers: VariantHeaders): Answer {
  return { status: 200, headers: describeBytes(info, headers) };
}

export function answerNotModified(info: VariantInfo, headers: VariantHeaders): Answer {
  return { status: 304, headers: describe(info, headers) };
}

export function answerRedirect(
  location: string,
  { cacheControl, vary }: Pick<VariantHeaders, "cacheControl" | "vary">,
): Answer {
  const headers = {
    ...COMMON_HEADERS,
    location,
    "cache-control": cacheControl,
    "content-length": "0",
    ...(vary && { vary }),
  };
  return { status: 302, headers };
}

export function toResponse({ status, headers, body }: Answer): Response {
  // never shared memory, although the type allows it
  return new Response((body ?? null) as Uint8Array<ArrayBuffer> | null, { status, headers });
}

/** The answer to `OPTIONS`, a CORS preflight or not. */
export function respondOptions(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: ALLOWED_METHODS,
      "access-control-allow-methods": ALLOWED_METHODS,
      "access-control-allow-headers": "*",
      "access-control-max-age": "86400",
      "cache-control": "public, max-age=86400",
    },
  });
}

/** Whether one of the ETags in `If-None-Match` is this one (RFC 9110, 13.1.2: weak comparison). */
export function isUnchanged(
  ifNoneMatch: string | undefined,
  { etag }: Pick<VariantInfo, "etag">,
): boolean {
  const tags = (ifNoneMatch ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

function describeBytes(info: VariantInfo, headers: VariantHeaders): Record<string, string> {
  return {
    ...describe(info, headers),
    "content-type": headers.contentType,
    "content-disposition": headers.contentDisposition,
    "content-length": String(info.size),
  };
}

function describe(
  { etag }: VariantInfo,
  { cacheControl, vary }: VariantHeaders,
): Record<string, string> {
  return { ...COMMON_HEADERS, etag, "cache-control": cacheControl, ...(vary && { vary }) };
}
