import type { Context, MiddlewareHandler } from "hono";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { MediaError } from "../../errors.ts";
import { answerProblem } from "../answer/answer.ts";
import type { EventReceiver } from "../../events/receive.ts";
import { addEventRoute, isFromSns } from "./events.ts";
import type { Purge } from "./purge.ts";
import { addPurgeRoute } from "./purge.ts";
import { addRoute } from "./route.ts";
import { toResponse } from "../answer/response.ts";
import type { WarmRouteDeps } from "./warm.ts";
import { addWarmRoute } from "./warm.ts";

export interface AdminDeps {
  /** The bearer token of callers; without one `isLocal` decides. */
  readonly token: string | undefined;
  /** The service listens on the loopback of this machine only. */
  readonly isLocal: boolean;
  readonly metrics: { print(): Promise<string>; readonly contentType: string };
  readonly purge: Purge;
  readonly events: EventReceiver;
  readonly warming: WarmRouteDeps;
}

const REFUSAL = {
  message: () =>
    toResponse(
      answerProblem({
        code: "unauthorized",
        message: "the bearer token is missing or wrong, send that of ADMIN_TOKEN",
      }),
    ),
};
const REFUSALS = {
  noAuthenticationHeader: REFUSAL,
  invalidAuthenticationHeader: REFUSAL,
  invalidToken: REFUSAL,
};

/** The routes for operators, under `/-/`. */
export function createAdmin({ metrics, purge, events, warming, ...access }: AdminDeps): Hono {
  const app = new Hono();
  const guard = createGuard(access);
  app.use((c, next) => (isFromSns(c) ? next() : guard(c, next)));
  addRoute(app, "/metrics", {
    GET: async (c) =>
      c.body(await metrics.print(), 200, {
        "content-type": metrics.contentType,
        "cache-control": "no-store",
      }),
  });
  addPurgeRoute(app, purge);
  addEventRoute(app, events);
  addWarmRoute(app, warming);
  return app;
}

/** Names of this machine, with any port. */
const LOOPBACK = /^(?:(?:.+[.])?localhost[.]?|127(?:[.]\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
/** Headers by which proxies name their clients. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];

/**
 * Tells whether a request comes from this machine, and is meant for it. DNS rebinding shows in the host name, and a
 * proxy on this machine in its headers.
 */
function isFromThisMachine(c: Context): boolean {
  const host = c.req.header("host");
  const isNamed = host === undefined || LOOPBACK.test(host);
  return isNamed && FORWARDED.every((name) => c.req.header(name) === undefined);
}

function createGuard({ token, isLocal }: Pick<AdminDeps, "token" | "isLocal">): MiddlewareHandler {
  if (token) return bearerAuth({ token, ...REFUSALS });
  return async function guardLocally(c, next) {
    if (!isLocal) throw new MediaError("not_found", "set ADMIN_TOKEN to use this route");
    if (!isFromThisMachine(c)) {
      throw new MediaError(
        "not_found",
        "set ADMIN_TOKEN to use this route under another host name",
      );
    }
    // a web page in a browser on this machine does not act for its user
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (!isRead && c.req.header("origin") !== undefined) {
      throw new MediaError("not_allowed", "set ADMIN_TOKEN to change something from a web page");
    }
    await next();
  };
}
