import { MediaError } from "../../errors.ts";
import type { EdgeSettings } from "./settings.ts";

/** Headers that are forwarded; no credentials are among them. */
const FORWARDED = ["accept", "user-agent", "cf-connecting-ip", "cf-ray"];
/** Headers for ranges and preconditions. */
const CONDITIONS = ["range", "if-range", "if-match", "if-none-match"];
/** Headers of the answer that are removed: those of the connection, and private ones. */
const REMOVED = ["connection", "keep-alive", "transfer-encoding", "set-cookie", "server"];

export interface Forwarding {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  /** Forward ranges and preconditions, too. */
  readonly isConditional: boolean;
}

/**
 * Asks the service, and returns its answer, redirects included.
 *
 * @throws MediaError `store_failed` when the service does not answer in time
 */
export async function askOrigin(
  { origin }: Pick<EdgeSettings, "origin">,
  { method, target, headers, isConditional }: Forwarding,
): Promise<Response> {
  const names = isConditional ? [...FORWARDED, ...CONDITIONS] : FORWARDED;
  const asked = new Headers({ via: "1.1 shift-media-edge" });
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) asked.set(name, value);
  }
  if (origin.secret !== undefined) asked.set("x-origin-secret", origin.secret);
  try {
    const response = await fetch(origin.url + target, {
      method,
      headers: asked,
      redirect: "manual",
      signal: AbortSignal.timeout(origin.timeoutMs),
    });
    return removeHeaders(response);
  } catch (cause) {
    const problem = "the service behind the edge does not answer, try again later";
    throw new MediaError("store_failed", problem, { cause });
  }
}

function removeHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of REMOVED) headers.delete(name);
  return new Response(response.body, { status: response.status, headers });
}
