/** A request to a function URL, or to an HTTP API (payload format 2.0), as far as it matters here. */
export interface LambdaEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in small letters; several values of one are joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly domainName: string;
    readonly http: { readonly method: string };
  };
}

/** Function URLs have hosts of their own, which no other name can stand for. */
const FUNCTION_URL = /\.lambda-url\./;
const NOT_IN_A_TARGET = /[^\u0021-\u007e]+/g;

/**
 * The target of a request as it was on the wire, or another one that means the same. Function URLs hand
 * over the path as it came; HTTP APIs decode it once, and cut it off at a decoded question mark.
 *
 * @throws URIError when the path is no text
 */
export function targetOfEvent({ rawPath, rawQueryString, requestContext }: LambdaEvent): string {
  const path = FUNCTION_URL.test(requestContext.domainName)
    ? rawPath.replaceAll(NOT_IN_A_TARGET, encodeURIComponent)
    : rawPath.split("/").map(encodeURIComponent).join("/");
  return rawQueryString === "" ? path : `${path}?${rawQueryString}`;
}

/**
 * The request of an event, but for its target.
 *
 * @throws TypeError when a method or a header is none that may be sent on
 */
export function requestOfEvent(event: LambdaEvent): Request {
  const { method } = event.requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) {
    if (value !== undefined) headers.set(name, value);
  }
  const hasBody = event.body !== undefined && method !== "GET" && method !== "HEAD";
  return new Request("http://localhost/", {
    method,
    headers,
    body: hasBody ? readBody(event) : null,
  });
}

function readBody({ body = "", isBase64Encoded }: LambdaEvent): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}
