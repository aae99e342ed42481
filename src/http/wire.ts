/** A request as it is on the wire, from any kind of server. */
export interface WireRequest {
  readonly method: string;
  /** The target of the request line, as it was sent. */
  readonly target: string;
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The reason why the request must not be answered by its target: it is doubtful as a message. */
  readonly problem?: string | undefined;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  /** The response of Node that is sent; absent where a runtime takes answers at once. */
  readonly outgoing?: Outgoing | undefined;
}

/** The value of a header; several of one name count as a list. */
export function readHeader(
  { headers }: Pick<WireRequest, "headers">,
  name: string,
): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === "string" ? value : value.join(", ");
}

/** The part of a response of Node that is used here. */
export interface Outgoing {
  once(event: "close", listener: () => void): unknown;
  /** The connection has closed, or is about to. */
  readonly destroyed: boolean;
  destroy(): unknown;
}

/** Objects of Node that its adapter adds to a request. */
export interface AdapterBindings {
  readonly incoming?: { readonly url?: string | undefined };
  readonly outgoing?: Outgoing;
}

/** The request of a runtime that speaks of `Request`, and what its adapter knows beside it. */
export function toWire(
  request: Request,
  { incoming, outgoing }: AdapterBindings = {},
): WireRequest {
  return {
    method: request.method,
    target: incoming?.url ?? cutOrigin(request.url),
    headers: Object.fromEntries(request.headers),
    outgoing,
    get signal() {
      return request.signal; // some runtimes make it only when it is asked for
    },
  };
}

/** The target of a request to a route, as it was sent or as near to it as the runtime allows. */
export function getTarget(
  { url }: Pick<Request, "url">,
  { incoming }: AdapterBindings = {},
): string {
  return escapeBytes(incoming?.url ?? cutOrigin(url));
}

/** URL parsers resolve dot segments and decode in part, so their path is not the one that was signed. */
function cutOrigin(url: string): string {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path === -1 ? "/" : url.slice(path);
}

/** Writes bytes beyond ASCII as percent escapes: Node gives them as Latin-1. */
export function escapeBytes(target: string): string {
  return target.replaceAll(/[\u0080-\u00ff]/g, escapeByte);
}

function escapeByte(character: string): string {
  return `%${character.codePointAt(0)?.toString(16).toUpperCase()}`;
}

/** The part of a target before its query. */
export function cutPath(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** The query of a target, without its question mark; mostly empty. */
export function cutQuery(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? "" : target.slice(query + 1);
}
