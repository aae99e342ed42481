import type { Handler, Hono } from "hono";
import { answerProblem } from "../answer/answer.ts";
import { toResponse } from "../answer/response.ts";

/** Adds a route for operators, with its own methods and without CORS. */
export function addRoute(
  app: Hono,
  path: string,
  handlers: Readonly<Partial<Record<"GET" | "POST" | "PATCH" | "DELETE", Handler>>>,
): void {
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler);
  const names = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : name));
  const allow = [...names, "OPTIONS"].join(", ");
  app.all(path, (c) =>
    c.req.method === "OPTIONS"
      ? c.body(null, 204, { allow })
      : toResponse(
          answerProblem(
            { code: "method_not_allowed", message: `the method must be one of ${allow}` },
            { allow },
          ),
        ),
  );
}
