/** A request to a function URL, or to an HTTP API (payload format 2.0), the part that is used. */
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

/** Matches the host of a function URL, which cannot have another name. */
const FUNCTION_URL = /\.lambda-url\./;
const NOT_IN_A_TARGET = /[^\u0021-\u007e]+/g;

/**
 * Reads the request target as it was sent, or an equivalent one. Function URLs pass the path on as it came;
 * HTTP APIs decode it once, and cut it at a decoded question mark.
 *
 * @throws URIError when the path is not valid Unicode
 */
export function readEventTarget({ rawPath, rawQueryString, requestContext }: LambdaEvent): string {
  const path = FUNCTION_URL.test(requestContext.domainName)
    ? rawPath.replaceAll(NOT_IN_A_TARGET, encodeURIComponent)
    : rawPath.split("/").map(encodeURIComponent).join("/");
  return rawQueryString === "" ? path : `${path}?${rawQueryString}`;
}

/**
 * Builds the request of an event, without its target.
 *
 * @throws TypeError for a method or a header that HTTP does not allow
 */
export function toRequest(event: LambdaEvent): Request {
  const { method } = event.requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) {
    if (value !== undefined) headers.set(name, value);
  }
  const hasBody = event.body !== undefined && method !== "GET" && method !== "HEAD";
  return new Request("http://localhost/", {
    method,
    headers,
    body: hasBody ? decodeBody(event) : null,
  });
}

function decodeBody({ body = "", isBase64Encoded }: LambdaEvent): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}
