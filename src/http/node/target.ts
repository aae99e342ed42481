import type { Outgoing } from "./in-flight-bytes.ts";

/** Objects of Node that its adapter adds to a request. */
export interface AdapterBindings {
  readonly incoming?: { readonly url?: string };
  readonly outgoing?: Outgoing;
}

/** The target of a request, from any adapter. */
export function getTarget(request: Request, env: AdapterBindings | undefined): string {
  return restoreTarget(env?.incoming?.url, request.url);
}

/**
 * The target as it was on the wire, or as near to it as the runtime allows. URL parsers resolve dot segments and
 * decode in part, so their path is not the one that was signed.
 *
 * @param raw the target of the request line, if the adapter gives it
 */
function restoreTarget(raw: string | undefined, url: string): string {
  // Node gives bytes beyond ASCII as Latin-1
  if (raw !== undefined) return raw.replaceAll(/[\u0080-\u00ff]/g, escapeByte);
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path === -1 ? "/" : url.slice(path);
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

function escapeByte(character: string): string {
  return `%${character.codePointAt(0)?.toString(16).toUpperCase()}`;
}
