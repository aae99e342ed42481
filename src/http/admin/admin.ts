import type { Context, MiddlewareHandler } from "hono";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { HTTPException } from "hono/http-exception";
import { MediaError } from "../../errors.ts";
import type { EventReceiver } from "../../events/receive.ts";
import type { Handler } from "../../library/web/handler.ts";
import type { LogRequest } from "../access-log.ts";
import { answerProblem, COMMON_HEADERS } from "../answer/answer.ts";
import type { CacheRules } from "../answer/cache-control.ts";
import { answerError, toMediaError } from "../answer/problem.ts";
import { toResponse } from "../answer/response.ts";
import { printTimings } from "../answer/server-timing.ts";
import type { AdapterBindings } from "../wire.ts";
import { cutPath, getTarget } from "../wire.ts";
import { addMediaRoutes, isForMedia } from "./media.ts";
import { addEventRoute, isFromSns } from "./events.ts";
import type { PageDeps } from "./page-routes.ts";
import { addPageRoutes } from "./page-routes.ts";
import type { Purge } from "./purge.ts";
import { addPurgeRoute } from "./purge.ts";
import { addRoute } from "./route.ts";
import type { WarmRouteDeps } from "./warm.ts";
import { addWarmRoute } from "./warm.ts";

export interface AdminDeps extends WarmRouteDeps, PageDeps {
  /** The bearer token of callers; without one the routes are closed. */
  readonly adminToken: string | undefined;
  /** Opens the routes of the media library, and no others. */
  readonly mediaToken: string | undefined;
  readonly media: Handler;
  readonly metrics: { print(): Promise<string>; readonly contentType: string };
  readonly purge: Purge;
  readonly events: EventReceiver;
  readonly cache: CacheRules;
  readonly logRequest: LogRequest;
  /** Takes note of a failure. */
  readonly report: (error: MediaError, path: string) => void;
}

interface Env {
  Bindings: AdapterBindings;
}

/** The routes for operators, under `/-/`. */
export function createAdmin(deps: AdminDeps): Hono<Env> {
  const { adminToken, mediaToken, media, metrics, purge, events, cache, report } = deps;
  const app = new Hono<Env>({
    // routes match the raw path; URL parsers would change it
    getPath: (request, options) => cutPath(getTarget(request, options?.env)),
  });
  const guard = createGuard([adminToken], "ADMIN_TOKEN");
  const guardMedia = createGuard([mediaToken, adminToken], "MEDIA_TOKEN");
  app.use((c, next) => complete(c, next, deps));
  app.use((c, next) => {
    if (isFromSns(c)) return next();
    return isForMedia(c) ? guardMedia(c, next) : guard(c, next);
  });
  const routes = new Hono();
  addRoute(routes, "/metrics", {
    GET: async (c) =>
      c.body(await metrics.print(), 200, {
        "content-type": metrics.contentType,
        "cache-control": "no-store",
      }),
  });
  addPurgeRoute(routes, purge);
  addEventRoute(routes, events);
  addWarmRoute(routes, deps);
  addMediaRoutes(routes, media);
  addPageRoutes(routes, deps);
  app.route("/-", routes);
  app.notFound(() => {
    throw new MediaError("not_found", "there is no such route");
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const known = toMediaError(error);
    report(known, c.req.path);
    return toResponse(answerError(known, cache));
  });
  return app;
}

/**
 * @param variable the one to set where there is no token
 * @returns a handler that lets callers with one of the tokens pass
 */
function createGuard(tokens: readonly (string | undefined)[], variable: string): MiddlewareHandler {
  const token = tokens.filter((each) => each !== undefined);
  const remedy = `send that of ${variable}, or the one printed at start`;
  const message = `the bearer token is missing or wrong, ${remedy}`;
  const refusal = { message: () => toResponse(answerProblem({ code: "unauthorized", message })) };
  const refusals = {
    noAuthenticationHeader: refusal,
    invalidAuthenticationHeader: refusal,
    invalidToken: refusal,
  };
  if (token.length > 0) return bearerAuth({ token, ...refusals });
  return async function refuse() {
    throw new MediaError("not_found", `set ${variable} to use this route`);
  };
}

/** Adds the common headers to an answer, and logs it. */
async function complete(
  c: Context<Env>,
  next: () => Promise<void>,
  { isStopping, logRequest }: AdminDeps,
): Promise<void> {
  const begin = performance.now();
  await next();
  const { headers, status } = c.res;
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  headers.delete("access-control-allow-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (isStopping()) headers.set("connection", "close");
  const ms = performance.now() - begin;
  if (!headers.has("server-timing")) headers.set("server-timing", printTimings({}, ms));
  const bytes = Number(headers.get("content-length") ?? 0);
  logRequest({ method: c.req.method, path: c.req.path, status, ms, bytes });
}
