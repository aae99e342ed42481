import { MediaError } from "../../errors.ts";
import { ALLOWED_METHODS, answerOptions, COMMON_HEADERS } from "../../http/answer/answer.ts";
import { answerError } from "../../http/answer/problem.ts";
import { cutPath, cutQuery, readTarget } from "../../http/node/target.ts";
import { cacheTag } from "../../url/cache-tag.ts";
import type { MediaRequest, VariantRequest } from "../../request/request.ts";
import { readRequest } from "../../request/read.ts";
import type { EdgeCache, Lifetime } from "./bindings.ts";
import type { Freshness } from "./freshness.ts";
import { createFreshness } from "./freshness.ts";
import type { Hit } from "./hit.ts";
import { answerHit, respond } from "./hit.ts";
import { answerMiss } from "./miss.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** What the Worker is given beside a request. */
interface Surroundings {
  readonly cache: EdgeCache;
  readonly lifetime: Lifetime;
}

/** The edge as a function from request to response. */
export type EdgeApp = (raw: Request, surroundings: Surroundings) => Promise<Response>;

interface State {
  readonly settings: EdgeSettings;
  readonly freshness: Freshness;
}

/** What the service answers of itself. */
const SERVICE_PATH = /^\/(?:readyz|favicon\.ico|robots\.txt)$/;

export function createEdge(settings: EdgeSettings): EdgeApp {
  const state: State = { settings, freshness: createFreshness(settings) };
  return async (raw, surroundings) => {
    try {
      return complete(await answer(state, raw, surroundings));
    } catch (error) {
      return complete(fail(error, settings));
    }
  };
}

async function answer(state: State, raw: Request, surroundings: Surroundings): Promise<Response> {
  const { settings } = state;
  const { method, headers } = raw;
  const target = readTarget(raw, undefined);
  const path = cutPath(target);
  // operators ask the service itself
  if (path.startsWith("/-/")) throw new MediaError("not_found", "there is nothing here");
  if (method === "OPTIONS") return respond(answerOptions(), null);
  if (method !== "GET" && method !== "HEAD") {
    throw new MediaError("method_not_allowed", `the method must be one of ${ALLOWED_METHODS}`);
  }
  if (path === "/healthz") return new Response("ok\n");
  const forward = (): Promise<Response> =>
    askOrigin(settings, { method, target, headers, isConditional: true });
  if (SERVICE_PATH.test(path)) return forward();
  const request = await read(settings, target, headers);
  if (request instanceof Response) return request;
  const isExplain = new URLSearchParams(cutQuery(target)).has("explain");
  if (isExplain || request.form === "original") return forward();
  const response = await answerVariant(state, request, { raw, target, ...surroundings });
  response.headers.set("cache-tag", cacheTag(request.key));
  return response;
}

/** What a mistake is answered with depends on what else the client takes. */
async function read(
  { rules, cache }: EdgeSettings,
  target: string,
  headers: Headers,
): Promise<MediaRequest | Response> {
  try {
    return await readRequest(target, headers.get("accept") ?? undefined, rules);
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    const response = respond(answerError(error, cache), null);
    response.headers.set("vary", "Accept");
    return response;
  }
}

interface Asking extends Surroundings {
  readonly raw: Request;
  readonly target: string;
}

async function answerVariant(
  { settings, freshness }: State,
  request: VariantRequest,
  { raw, target, cache, lifetime }: Asking,
): Promise<Response> {
  const hit = await lookUp(settings, request, raw);
  if (!hit) return answerMiss({ settings, request, target, raw, cache, lifetime });
  // who is behind the edge is not to wait for it, nor to see it fail
  lifetime.waitUntil(freshness.check(request, hit, target).catch(() => undefined));
  return hit.response;
}

/** A bucket that does not answer is as good as an empty one: the service may know more. */
async function lookUp(
  settings: EdgeSettings,
  request: VariantRequest,
  raw: Request,
): Promise<Hit | undefined> {
  try {
    return await answerHit(settings, request, raw);
  } catch (error) {
    if (error instanceof MediaError) throw error;
    console.warn("the bucket does not answer", error);
    return undefined;
  }
}

function fail(error: unknown, { cache }: EdgeSettings): Response {
  if (error instanceof MediaError) {
    if (error.cause !== undefined) console.warn(error.message, error.cause);
    return respond(answerError(error, cache), null);
  }
  console.error("something went wrong", error);
  return respond(answerError(new MediaError("internal", "something went wrong here"), cache), null);
}

function complete(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}
