import type { Context, Hono } from "hono";
import type { Handler } from "../../library/web/handler.ts";
import { getTarget } from "../wire.ts";
import { addRoute } from "./route.ts";

/** The path of all files; the key of one may follow. */
const MEDIA_PATH = "/media";

/** Requests that the token for media may make, beside that of operators. */
export function isForMedia({ req: { path } }: Context): boolean {
  return `${path}/`.startsWith(`/-${MEDIA_PATH}/`);
}

/** `/-/media`, and `/-/media/KEY`. */
export function addMediaRoutes(app: Hono, handle: Handler): void {
  const respond = (c: Context): Promise<Response> => {
    const { method, headers, body, signal } = c.req.raw;
    // the raw target: the adapter may give a URL that was changed
    const url = new URL(`http://localhost${getTarget(c.req.raw, c.env)}`);
    return handle(new Request(url, { method, headers, body, signal, duplex: "half" }));
  };
  addRoute(app, MEDIA_PATH, { GET: respond, POST: respond });
  addRoute(app, `${MEDIA_PATH}/*`, { GET: respond, PATCH: respond, DELETE: respond });
}
