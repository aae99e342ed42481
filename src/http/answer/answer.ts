import { STATUS } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Representation, Selection } from "./conditions.ts";
import type { ByteRange } from "./ranges.ts";
import { countBytes, printContentRange, printUnsatisfied } from "./ranges.ts";

/**
 * On every answer: pages of any origin may use the image, and a browser never runs it as a document. There is no
 * `Timing-Allow-Origin`: a foreign page would learn from `Server-Timing` whether an image had been asked for before.
 */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  "x-content-type-options": "nosniff",
};

export const ALLOWED_METHODS = "GET, HEAD, OPTIONS";

/** Headers about an image that depend on the request. */
export interface ImageHeaders {
  readonly contentType: string;
  readonly contentDisposition?: string;
  readonly cacheControl: string;
  /** The request header that the choice of the format depends on. */
  readonly vary?: string;
  /** The image is what there is of an original that is cut off. */
  readonly isTruncated?: boolean;
}

/** An answer as a plain value with all of its headers, for any kind of server. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The beginning of an answer whose body is sent later. */
export type AnswerHead = Omit<Answer, "body">;

export function answerHead(there: Representation, headers: ImageHeaders): AnswerHead {
  return { status: 200, headers: toBytesHeaders(there, headers) };
}

export function answerPartHead(
  range: ByteRange,
  there: Representation,
  headers: ImageHeaders,
): AnswerHead {
  return {
    status: 206,
    headers: {
      ...toBytesHeaders(there, headers),
      "content-length": String(countBytes(range)),
      "content-range": printContentRange(range, there.size),
    },
  };
}

/** The answer to a selection that needs no bytes; `undefined` for other selections. */
export function answerWithoutBytes(
  { kind }: Selection,
  there: Representation,
  headers: ImageHeaders,
): Answer | undefined {
  if (kind === "not_modified") return { status: 304, headers: toCommonHeaders(there, headers) };
  if (kind === "precondition_failed") {
    return answerProblem({
      code: "precondition_failed",
      message: `If-Match must name the present ETag, which is ${there.etag}`,
    });
  }
  if (kind !== "unsatisfiable") return undefined;
  const message = `the range must begin within the image, which has ${there.size} bytes`;
  const contentRange = { "content-range": printUnsatisfied(there.size) };
  return answerProblem({ code: "range_not_satisfiable", message }, contentRange);
}

/** The answer to a selection, from bytes in memory. */
export function answerSelected(
  selection: Selection,
  { etag, bytes }: { readonly etag: string; readonly bytes: Uint8Array },
  headers: ImageHeaders,
): Answer {
  const there = { etag, size: bytes.length };
  if (selection.kind !== "part") {
    return (
      answerWithoutBytes(selection, there, headers) ?? {
        ...answerHead(there, headers),
        body: bytes,
      }
    );
  }
  const { first, last } = selection.range;
  const head = answerPartHead(selection.range, there, headers);
  return { ...head, body: bytes.subarray(first, last + 1) };
}

export function answerRedirect(
  location: string,
  { cacheControl, vary }: Pick<ImageHeaders, "cacheControl" | "vary">,
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

/** An error as JSON. */
export function answerProblem(
  problem: { readonly code: ErrorCode; readonly message: string },
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = new TextEncoder().encode(JSON.stringify(problem));
  return {
    status: STATUS[problem.code],
    headers: {
      ...COMMON_HEADERS,
      "content-type": "application/json",
      "cache-control": "no-store",
      ...headers,
      "content-length": String(body.length),
    },
    body,
  };
}

/** @param headers in place of those for plain text that no cache keeps */
export function answerText(
  text: string,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Answer {
  const body = new TextEncoder().encode(text);
  return {
    status,
    headers: {
      ...COMMON_HEADERS,
      "cache-control": "no-store",
      ...(status !== 204 && {
        "content-type": "text/plain;charset=UTF-8",
        "content-length": String(body.length),
      }),
      ...headers,
    },
    ...(status !== 204 && { body }),
  };
}

/** The answer to `OPTIONS`, a CORS preflight or not. */
export function answerOptions(): Answer {
  return {
    status: 204,
    headers: {
      ...COMMON_HEADERS,
      allow: ALLOWED_METHODS,
      "access-control-allow-methods": ALLOWED_METHODS,
      "access-control-allow-headers": "*",
      "access-control-max-age": "86400",
      "cache-control": "public, max-age=86400",
    },
  };
}

function toBytesHeaders(there: Representation, headers: ImageHeaders): Record<string, string> {
  const { contentType, contentDisposition } = headers;
  return {
    ...toCommonHeaders(there, headers),
    "content-type": contentType,
    ...(contentDisposition && { "content-disposition": contentDisposition }),
    "content-length": String(there.size),
    "accept-ranges": "bytes",
  };
}

function toCommonHeaders(
  { etag }: Pick<Representation, "etag">,
  { cacheControl, vary, isTruncated }: ImageHeaders,
): Record<string, string> {
  return {
    ...COMMON_HEADERS,
    etag,
    "cache-control": cacheControl,
    ...(vary && { vary }),
    ...(isTruncated && { "x-image-truncated": "true" }),
  };
}
