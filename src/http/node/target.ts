import type { Outgoing } from "./in-flight-bytes.ts";

/** What the Node adapter hands over beside the request. */
export interface AdapterBindings {
  readonly incoming?: { readonly url?: string };
  readonly outgoing?: Outgoing;
}

/** The target of a request that came by whatever adapter. */
export function readTarget(request: Request, env: AdapterBindings | undefined): string {
  return restoreTarget(env?.incoming?.url, request.url);
}

/**
 * The target of a request as it was on the wire, or as near to it as the runtime lets us come. URL
 * parsers resolve dot segments and decode in part; whoever parses it after them reads another path than
 * the one that was signed.
 *
 * @param raw the request line's target, where there is one
 */
function restoreTarget(raw: string | undefined, url: string): string {
  // Node gives bytes beyond ASCII as Latin-1
  if (raw !== undefined) return raw.replaceAll(/[\u0080-\u00ff]/g, escapeByte);
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path === -1 ? "/" : url.slice(path);
}

/** The part of a target that routes are matched against. */
export function cutPath(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** What comes after the path: nothing, mostly. */
export function cutQuery(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? "" : target.slice(query + 1);
}

function escapeByte(character: string): string {
  return `%${character.codePointAt(0)?.toString(16).toUpperCase()}`;
}
