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

export function respondBytes({ info, bytes }: Variant, headers: VariantHeaders): Response {
  // never shared memory, although the type allows it
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: describeBytes(info, headers) });
}

/** What `respondBytes` says, without the bytes. */
export function respondHead(info: VariantInfo, headers: VariantHeaders): Response {
  return new Response(null, { headers: describeBytes(info, headers) });
}

export function respondNotModified(info: VariantInfo, headers: VariantHeaders): Response {
  return new Response(null, { status: 304, headers: describe(info, headers) });
}

export function respondRedirect(
  location: string,
  { cacheControl, vary }: Pick<VariantHeaders, "cacheControl" | "vary">,
): Response {
  const headers = {
    location,
    "cache-control": cacheControl,
    "content-length": "0",
    ...(vary && { vary }),
  };
  return new Response(null, { status: 302, headers });
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
  return { etag, "cache-control": cacheControl, ...(vary && { vary }) };
}
