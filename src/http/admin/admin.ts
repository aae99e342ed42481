import type { MiddlewareHandler } from "hono";
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
  /** The bearer token of callers; without one the routes are closed. */
  readonly adminToken: string | undefined;
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
        message:
          "the bearer token is missing or wrong, send that of ADMIN_TOKEN, or the one printed at start",
      }),
    ),
};
const REFUSALS = {
  noAuthenticationHeader: REFUSAL,
  invalidAuthenticationHeader: REFUSAL,
  invalidToken: REFUSAL,
};

/** The routes for operators, under `/-/`. */
export function createAdmin({ adminToken, metrics, purge, events, warming }: AdminDeps): Hono {
  const app = new Hono();
  const guard = createGuard(adminToken);
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

/** @returns a handler that lets callers with the token pass */
function createGuard(token: string | undefined): MiddlewareHandler {
  if (token !== undefined) return bearerAuth({ token, ...REFUSALS });
  return async function refuse() {
    throw new MediaError("not_found", "set ADMIN_TOKEN to use this route");
  };
}
