import type { Context } from "hono";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { MediaError } from "../errors.ts";
import type { Observe } from "../media/events.ts";
import type { Logger } from "../logger.ts";
import type { Timings } from "../media/timings.ts";
import { cacheTag } from "../media/cache-tag.ts";
import { explainRequest } from "../media/explain.ts";
import type { MediaRequest, VariantRequest } from "../media/request.ts";
import { readRequest } from "../media/request.ts";
import type { Warm } from "../media/warm.ts";
import type { LogRequest } from "./access-log.ts";
import { logRequests, printPath } from "./access-log.ts";
import { createAdmin } from "./admin.ts";
import { respondError, statusOf } from "./errors.ts";
import type { AnswerLimit } from "./answer-limit.ts";
import type { Hits } from "./hits.ts";
import type { EventReceiver } from "./events.ts";
import type { MediaDeps } from "./media.ts";
import { limitToExpiry, respondMedia, varyOf } from "./media.ts";
import type { Metrics } from "./metrics.ts";
import type { OriginalDeps } from "./original.ts";
import { respondOriginal } from "./original.ts";
import { ALLOWED_METHODS, COMMON_HEADERS, respondOptions } from "./answers.ts";
import { printTimings } from "./server-timing.ts";
import type { Purge } from "./purge.ts";
import type { Bindings } from "./target.ts";
import { pathOf, queryOf, targetOf } from "./target.ts";

export interface AppDeps extends MediaDeps, OriginalDeps {
  /** True once the stores were reachable, false again when the service is stopping. */
  readonly isReady: () => boolean;
  readonly isStopping: () => boolean;
  readonly observe: Observe;
  readonly metrics: Metrics;
  readonly logRequest: LogRequest;
  readonly logger: Logger;
  readonly answerLimit: AnswerLimit;
  /** Takes note of requests that it may answer the next time. */
  readonly hits?: Pick<Hits, "note">;
  readonly admin: { readonly token: string | undefined; readonly isLocal: boolean };
  readonly purge: Purge;
  readonly events: EventReceiver;
  readonly warm: Warm;
}

interface Env {
  Bindings: Bindings;
  Variables: {
    /** How long the parts of the answer take. */
    timings: Timings;
  };
}

type App = Hono<Env>;
type AppContext = Context<Env>;

/** The whole service as a function from request to response. */
export function createApp(deps: AppDeps): App {
  const app: App = new Hono<Env>({
    // routes see the raw path; what URL parsers make of it is another one
    getPath: (request, options) => pathOf(targetOf(request, options?.env)),
  });
  app.use(logRequests(deps.logRequest));
  app.use(async (c, next) => {
    const begin = performance.now();
    const timings: Timings = {};
    c.set("timings", timings);
    await next();
    complete(c, deps);
    c.res.headers.set("server-timing", printTimings(timings, performance.now() - begin));
  });
  app.use(checkMethod);
  addServiceRoutes(app, deps);
  // not a route: a target that does not even start with a slash has to come here too
  app.notFound((c) => handleMedia(c, deps));
  app.onError((error, c) => fail(error, c, deps));
  return app;
}

async function checkMethod(c: Context, next: () => Promise<void>): Promise<Response | void> {
  const { method, path } = c.req;
  if (path.startsWith("/-/")) return next(); // its routes have methods of their own
  if (method === "OPTIONS") return respondOptions();
  if (method !== "GET" && method !== "HEAD") {
    throw new MediaError("method_not_allowed", `the method must be one of ${ALLOWED_METHODS}`);
  }
  await next();
  return undefined;
}

async function handleMedia(c: AppContext, deps: AppDeps): Promise<Response> {
  const { raw } = c.req;
  const target = targetOf(raw, c.env);
  const accept = raw.headers.get("accept") ?? undefined;
  let request: MediaRequest;
  try {
    request = await readRequest(target, accept, deps.rules);
  } catch (error) {
    const response = fail(error, c, deps);
    response.headers.set("vary", "Accept"); // another client may be given a format that can hold it
    return response;
  }
  if (isExplain(target)) return explain(c, request, deps);
  const tag = await cacheTag(request.key);
  if (request.form !== "original") {
    const asked = { target: c.env?.incoming?.url ?? target, accept };
    deps.hits?.note(asked, { request, cacheTag: tag });
  }
  const response = await answerMedia(c, request, deps);
  response.headers.set("cache-tag", tag);
  return response;
}

function explain(c: AppContext, request: MediaRequest, { rules }: AppDeps): Response {
  const explanation = explainRequest(targetOf(c.req.raw, c.env), request, rules);
  return c.json(explanation, 200, { "cache-control": "no-store" });
}

async function answerMedia(c: AppContext, request: MediaRequest, deps: AppDeps): Promise<Response> {
  const { raw } = c.req;
  if (request.form === "original") return admit(c, await respondOriginal(deps, request, raw), deps);
  try {
    return admit(c, await respondMedia(deps, request, { raw, timings: c.get("timings") }), deps);
  } catch (error) {
    return completeFailure(fail(error, c, deps), request, deps);
  }
}

/** @throws MediaError `overloaded` when clients have been answered more than they take */
function admit(c: AppContext, response: Response, { answerLimit }: AppDeps): Response {
  const bytes = response.body ? Number(response.headers.get("content-length")) : 0;
  if (answerLimit.admit(bytes, c.env?.outgoing)) return response;
  throw new MediaError("overloaded", "too many answers have not been taken yet, try again later");
}

/** What a failure depends on, and how long its URL is good, is said as of any other answer. */
function completeFailure(
  response: Response,
  request: VariantRequest,
  { rules }: AppDeps,
): Response {
  const { headers } = response;
  const { vary } = varyOf(request);
  if (vary) headers.set("vary", vary);
  const cacheControl = headers.get("cache-control");
  if (cacheControl) headers.set("cache-control", limitToExpiry(cacheControl, request, rules));
  return response;
}

function isExplain(target: string): boolean {
  return new URLSearchParams(queryOf(target)).has("explain");
}

function addServiceRoutes(app: App, deps: AppDeps): void {
  const { isReady, metrics, admin, purge, events } = deps;
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => (isReady() ? c.text("ready\n") : c.text("not ready\n", 503)));
  app.get("/favicon.ico", (c) => c.body(null, 204, { "cache-control": "public, max-age=86400" }));
  app.get("/robots.txt", (c) =>
    c.text("User-agent: *\nDisallow:\n", 200, { "cache-control": "public, max-age=86400" }),
  );
  app.route("/-", createAdmin({ ...admin, metrics, purge, events, warming: deps }));
  app.all("/-/*", () => {
    throw new MediaError("not_found", "there is nothing here");
  });
}

/** What every answer has, whoever gave it. */
function complete(c: AppContext, { isStopping }: AppDeps): void {
  const { headers } = c.res;
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (c.res.ok && c.req.path.startsWith("/-/")) headers.delete("access-control-allow-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (isStopping()) headers.set("connection", "close");
}

function fail(error: unknown, c: AppContext, { cache, observe, logger }: AppDeps): Response {
  if (error instanceof HTTPException) return error.getResponse();
  const known = error instanceof MediaError ? error : unexpected(error);
  observe({ kind: "failure", code: known.code });
  if (statusOf(known.code) >= 500 || known.cause !== undefined) {
    const fields = { code: known.code, path: printPath(c.req.path), error: known.cause };
    logger.warn(known.message, fields);
  }
  return respondError(known, cache);
}

function unexpected(cause: unknown): MediaError {
  return new MediaError("internal", "something went wrong here", { cause });
}
