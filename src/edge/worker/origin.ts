import { MediaError } from "../../errors.ts";
import type { EdgeSettings } from "./settings.ts";

/** What the service may know of the client; nothing that gives a right goes there. */
const PASSED_ON = ["accept", "user-agent", "cf-connecting-ip", "cf-ray"];
/** What says how much of an image is wanted. */
const CONDITIONS = ["range", "if-range", "if-match", "if-none-match"];
/** Of one connection, or of nobody's business. */
const KEPT_BACK = ["connection", "keep-alive", "transfer-encoding", "set-cookie", "server"];

export interface Forwarding {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  /** Whether the answer is to depend on ranges and preconditions. */
  readonly isConditional: boolean;
}

/**
 * Asks the service. Its answer comes as it is, redirects included.
 *
 * @throws MediaError `store_failed` when it does not answer in time, or not at all
 */
export async function askOrigin(
  { origin }: Pick<EdgeSettings, "origin">,
  { method, target, headers, isConditional }: Forwarding,
): Promise<Response> {
  const names = isConditional ? [...PASSED_ON, ...CONDITIONS] : PASSED_ON;
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
    return cleanse(response);
  } catch (cause) {
    const problem = "the service behind the edge does not answer, try again later";
    throw new MediaError("store_failed", problem, { cause });
  }
}

function cleanse(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of KEPT_BACK) headers.delete(name);
  return new Response(response.body, { status: response.status, headers });
}
