import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { MediaError } from "../errors.ts";

export interface AdminDeps {
  /** What callers must bring as a bearer token; without one `isLocal` decides. */
  readonly token: string | undefined;
  /** The service listens on this machine's loopback only. */
  readonly isLocal: boolean;
  readonly metrics: { print(): Promise<string>; readonly contentType: string };
}

const REFUSAL = {
  message: { code: "unauthorized", message: "the bearer token is missing or wrong" },
};
const REFUSALS = {
  noAuthenticationHeader: REFUSAL,
  invalidAuthenticationHeader: REFUSAL,
  invalidToken: REFUSAL,
};

/** What is for operators, under `/-/`. */
export function createAdmin({ token, isLocal, metrics }: AdminDeps): Hono {
  const app = new Hono();
  if (token) app.use(bearerAuth({ token, ...REFUSALS }));
  else if (!isLocal) {
    app.use(() => {
      throw new MediaError("not_found", "set ADMIN_TOKEN to have this");
    });
  }
  app.get("/metrics", async (c) =>
    c.body(await metrics.print(), 200, {
      "content-type": metrics.contentType,
      "cache-control": "no-store",
    }),
  );
  return app;
}
