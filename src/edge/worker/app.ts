import { MediaError } from "../../errors.ts";
import { ALLOWED_METHODS, answerOptions, COMMON_HEADERS } from "../../http/answer/answer.ts";
import { answerError } from "../../http/answer/problem.ts";
import { cutPath, cutQuery, getTarget } from "../../http/node/target.ts";
import { toCacheTag } from "../../url/cache-tag.ts";
import type { MediaRequest, VariantRequest } from "../../request/request.ts";
import { readRequest } from "../../request/read.ts";
import type { EdgeCache, BackgroundTasks } from "./bindings.ts";
import type { FreshnessChecks } from "./freshness.ts";
import { createFreshnessChecks } from "./freshness.ts";
import type { Hit } from "./hit.ts";
import { answerHit, respond } from "./hit.ts";
import { answerMiss } from "./miss.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** Cloudflare's objects for one request. */
interface Invocation {
  readonly cache: EdgeCache;
  readonly tasks: BackgroundTasks;
}

/** The edge as a function from request to response. */
export type EdgeApp = (raw: Request, invocation: Invocation) => Promise<Response>;

interface EdgeState {
  readonly settings: EdgeSettings;
  readonly freshness: FreshnessChecks;
}

/** Paths that are forwarded to the service. */
const SERVICE_PATH = /^\/(?:readyz|favicon\.ico|robots\.txt)$/;

export function createEdge(settings: EdgeSettings): EdgeApp {
  const state: EdgeState = { settings, freshness: createFreshnessChecks(settings) };
  return async (raw, invocation) => {
    try {
      return addCommonHeaders(await answer(state, raw, invocation));
    } catch (error) {
      return addCommonHeaders(answerFailure(error, settings));
    }
  };
}

async function answer(state: EdgeState, raw: Request, invocation: Invocation): Promise<Response> {
  const { settings } = state;
  const { method, headers } = raw;
  const target = getTarget(raw, undefined);
  const path = cutPath(target);
  // operators call the service directly
  if (path.startsWith("/-/")) throw new MediaError("not_found", "there is nothing at this path");
  if (method === "OPTIONS") return respond(answerOptions(), null);
  if (method !== "GET" && method !== "HEAD") {
    throw new MediaError("method_not_allowed", `the method must be one of ${ALLOWED_METHODS}`);
  }
  if (path === "/healthz") return new Response("ok\n");
  const forward = (): Promise<Response> =>
    askOrigin(settings, { method, target, headers, isConditional: true });
  if (SERVICE_PATH.test(path)) return forward();
  const request = await readOrRefuse(settings, target, headers);
  if (request instanceof Response) return request;
  const isExplain = new URLSearchParams(cutQuery(target)).has("explain");
  if (isExplain || request.form === "original") return forward();
  const response = await answerVariant(state, request, { raw, target, ...invocation });
  response.headers.set("cache-tag", toCacheTag(request.key));
  return response;
}

/** Reads the request. An error varies by Accept too, because with another one the request may be right. */
async function readOrRefuse(
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

interface VariantInvocation extends Invocation {
  readonly raw: Request;
  readonly target: string;
}

async function answerVariant(
  { settings, freshness }: EdgeState,
  request: VariantRequest,
  { raw, target, cache, tasks }: VariantInvocation,
): Promise<Response> {
  const hit = await tryBucket(settings, request, raw);
  if (!hit) return answerMiss({ settings, request, target, raw, cache, tasks });
  // after the answer: the visitor does not wait for it, and does not see it fail
  tasks.waitUntil(freshness.check(request, hit, target).catch(() => undefined));
  return hit.response;
}

/** Looks into the bucket. A failing bucket counts as an empty one: the service may still answer. */
async function tryBucket(
  settings: EdgeSettings,
  request: VariantRequest,
  raw: Request,
): Promise<Hit | undefined> {
  try {
    return await answerHit(settings, request, raw);
  } catch (error) {
    if (error instanceof MediaError) throw error;
    console.warn("the bucket does not answer: the service is asked instead", error);
    return undefined;
  }
}

function answerFailure(error: unknown, { cache }: EdgeSettings): Response {
  if (error instanceof MediaError) {
    if (error.cause !== undefined) console.warn(error.message, error.cause);
    return respond(answerError(error, cache), null);
  }
  console.error("the Worker has failed", error);
  return respond(
    answerError(new MediaError("internal", "the Worker has failed, see its log"), cache),
    null,
  );
}

function addCommonHeaders(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}
