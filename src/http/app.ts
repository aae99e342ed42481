import type { Context } from "hono";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { MediaError, overloaded } from "../errors.ts";
import type { Observe } from "../media/observe.ts";
import type { Logger } from "../logger.ts";
import type { Timings } from "../media/variants/timings.ts";
import { toCacheTag } from "../url/cache-tag.ts";
import { explainRequest } from "../request/explain.ts";
import type { MediaRequest, VariantRequest } from "../request/request.ts";
import { readRequest } from "../request/read.ts";
import type { Warm } from "../media/warm/warm.ts";
import type { LogRequest } from "./access-log.ts";
import { logRequests, printPath } from "./access-log.ts";
import { createAdmin } from "./admin/admin.ts";
import { answerError } from "./answer/problem.ts";
import type { InFlightBytes } from "./node/in-flight-bytes.ts";
import type { AnswerCache } from "./media/answer-cache.ts";
import type { EventReceiver } from "../events/receive.ts";
import type { VariantDeps } from "./media/variant.ts";
import { limitToExpiry, printVary } from "./media/variant-answer.ts";
import { answerVariant } from "./media/variant.ts";
import type { Metrics } from "./metrics.ts";
import type { OriginalDeps } from "./media/original.ts";
import { answerOriginal } from "./media/original.ts";
import type { Answer } from "./answer/answer.ts";
import { ALLOWED_METHODS, answerOptions, COMMON_HEADERS } from "./answer/answer.ts";
import { printTimings } from "./answer/server-timing.ts";
import { STATUS } from "./answer/status.ts";
import type { Purge } from "./admin/purge.ts";
import type { StreamAnswer } from "./answer/response.ts";
import { isStreamed, toResponse } from "./answer/response.ts";
import type { AdapterBindings } from "./node/target.ts";
import { cutPath, cutQuery, getTarget } from "./node/target.ts";

export interface AppDeps extends VariantDeps, OriginalDeps {
  /** True once the stores were reachable, false again when the service is stopping. */
  readonly isReady: () => boolean;
  readonly isStopping: () => boolean;
  readonly observe: Observe;
  readonly metrics: Metrics;
  readonly logRequest: LogRequest;
  readonly logger: Logger;
  readonly inFlightBytes: InFlightBytes;
  /** Learns requests that it can answer the next time. */
  readonly answerCache?: Pick<AnswerCache, "add">;
  /** The bearer token of operators; without one their routes are closed. */
  readonly adminToken: string | undefined;
  readonly purge: Purge;
  readonly events: EventReceiver;
  readonly warm: Warm;
}

interface Env {
  Bindings: AdapterBindings;
  Variables: {
    begin: number;
    /** Receives how long the parts of the answer take. */
    timings: Timings;
    /** The length of the body; set when the answer has all of its headers. */
    bytes?: number;
  };
}

/** The bytes that a stream holds in buffers on its way. */
const STREAM_BYTES = 256 * 1024;

type App = Hono<Env>;
type AppContext = Context<Env>;

/** The whole service as a function from request to response. */
export function createApp(deps: AppDeps): App {
  const app: App = new Hono<Env>({
    // routes match the raw path; URL parsers would change it
    getPath: (request, options) => cutPath(getTarget(request, options?.env)),
  });
  app.use(logRequests(deps.logRequest));
  app.use(async (c, next) => {
    c.set("begin", performance.now());
    c.set("timings", {});
    await next();
    if (c.get("bytes") === undefined) complete(c, deps);
  });
  app.use(checkMethod);
  addServiceRoutes(app, deps);
  // not a route: targets that do not start with a slash have to come here, too
  app.notFound((c) => handleMedia(c, deps));
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : send(c, fail(error, c, deps), deps),
  );
  return app;
}

async function checkMethod(c: AppContext, next: () => Promise<void>): Promise<Response | void> {
  const { method, path } = c.req;
  if (path.startsWith("/-/")) return next(); // its routes check their own methods
  if (method === "OPTIONS") return toResponse(answerOptions());
  if (method !== "GET" && method !== "HEAD") {
    throw new MediaError("method_not_allowed", `the method must be one of ${ALLOWED_METHODS}`);
  }
  await next();
  return undefined;
}

async function handleMedia(c: AppContext, deps: AppDeps): Promise<Response> {
  const { raw } = c.req;
  const target = getTarget(raw, c.env);
  const accept = raw.headers.get("accept") ?? undefined;
  let request: MediaRequest;
  try {
    request = await readRequest(target, accept, deps.rules);
  } catch (error) {
    // another client may get a format that can hold the image
    return send(c, withHeaders(fail(error, c, deps), { vary: "Accept" }), deps);
  }
  if (isExplain(target)) return explain(c, request, deps);
  const tag = toCacheTag(request.key);
  if (request.form !== "original") {
    const input = { target: c.env?.incoming?.url ?? target, accept };
    deps.answerCache?.add(input, { request, cacheTag: tag });
  }
  const answer = await answerRequest(c, request, deps);
  return send(c, withHeaders(answer, { "cache-tag": tag }), deps);
}

function explain(c: AppContext, request: MediaRequest, { rules }: AppDeps): Response {
  const explanation = explainRequest(getTarget(c.req.raw, c.env), request, rules);
  return c.json(explanation, 200, { "cache-control": "no-store" });
}

async function answerRequest(
  c: AppContext,
  request: MediaRequest,
  deps: AppDeps,
): Promise<Answer | StreamAnswer> {
  const { raw } = c.req;
  if (request.form === "original") {
    const { method, headers } = raw;
    const input = {
      method,
      header: (name: string) => headers.get(name) ?? undefined,
      get signal() {
        return raw.signal;
      },
    };
    return reserveBytes(c, await answerOriginal(deps, request, input), deps);
  }
  try {
    return reserveBytes(
      c,
      await answerVariant(deps, request, { raw, timings: c.get("timings") }),
      deps,
    );
  } catch (error) {
    return completeFailure(fail(error, c, deps), request, deps);
  }
}

/** @throws MediaError `overloaded` when too many bytes of answers wait for their clients */
function reserveBytes<T extends Answer | StreamAnswer>(c: AppContext, answer: T, deps: AppDeps): T {
  const held = isStreamed(answer) ? STREAM_BYTES : (answer.body?.length ?? 0);
  const length = isStreamed(answer) ? Number(answer.headers["content-length"]) : held;
  if (deps.inFlightBytes.reserve(held, c.env?.outgoing, length)) return answer;
  if (isStreamed(answer)) answer.stream.close();
  throw overloaded("too many answers wait for slow clients");
}

/** Adds the headers about Accept and the end of the URL, as other answers have them. */
function completeFailure(answer: Answer, request: VariantRequest, { rules }: AppDeps): Answer {
  const { "cache-control": cacheControl = "no-store" } = answer.headers;
  return withHeaders(answer, {
    "cache-control": limitToExpiry(cacheControl, request, rules),
    ...printVary(request),
  });
}

function withHeaders<T extends Answer | StreamAnswer>(
  answer: T,
  headers: Readonly<Record<string, string>>,
): T {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Makes the response with all of its headers: to set one later costs the adapter more. */
function send(c: AppContext, answer: Answer | StreamAnswer, { isStopping }: AppDeps): Response {
  const { outgoing } = c.env ?? {};
  const headers = {
    "server-timing": printTimings(c.get("timings"), performance.now() - c.get("begin")),
    ...(isStopping() && { connection: "close" }),
  };
  const isHead = c.req.method === "HEAD";
  const isEmpty = !isStreamed(answer) && (isHead || answer.body === undefined);
  c.set("bytes", isEmpty ? 0 : Number(answer.headers["content-length"]));
  const breakOff = outgoing && (() => void outgoing.destroy());
  return toResponse(withHeaders(answer, headers), breakOff);
}

function isExplain(target: string): boolean {
  return new URLSearchParams(cutQuery(target)).has("explain");
}

function addServiceRoutes(app: App, deps: AppDeps): void {
  const { isReady, adminToken, metrics, purge, events } = deps;
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => (isReady() ? c.text("ready\n") : c.text("not ready\n", 503)));
  app.get("/favicon.ico", (c) => c.body(null, 204, { "cache-control": "public, max-age=86400" }));
  app.get("/robots.txt", (c) =>
    c.text("User-agent: *\nDisallow:\n", 200, { "cache-control": "public, max-age=86400" }),
  );
  app.route("/-", createAdmin({ adminToken, metrics, purge, events, warming: deps }));
  app.all("/-/*", () => {
    throw new MediaError("not_found", "there is no such route");
  });
}

/** Adds the common headers to answers of routes. */
function complete(c: AppContext, { isStopping }: AppDeps): void {
  const { headers } = c.res;
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (c.res.ok && c.req.path.startsWith("/-/")) headers.delete("access-control-allow-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (isStopping()) headers.set("connection", "close");
  headers.set("server-timing", printTimings(c.get("timings"), performance.now() - c.get("begin")));
}

function fail(error: unknown, c: AppContext, { cache, observe, logger }: AppDeps): Answer {
  const known = error instanceof MediaError ? error : unexpected(error);
  observe({ kind: "failure", code: known.code });
  if (STATUS[known.code] >= 500 || known.cause !== undefined) {
    const fields = { code: known.code, path: printPath(c.req.path), error: known.cause };
    logger.warn(known.message, fields);
  }
  return answerError(known, cache);
}

function unexpected(cause: unknown): MediaError {
  return new MediaError("internal", "the service has failed, see its log", { cause });
}
