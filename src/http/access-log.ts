import type { MiddlewareHandler } from "hono";
import type { Logger } from "../logger.ts";

const MAX_PATH = 256;
const SIGNATURE = /\/s--[^/]*--(?=\/)/;

export interface RequestLogDeps {
  readonly logger: Logger;
  /** Counts an answer. */
  readonly count: (method: string, status: number, ms: number) => void;
}

/** One line per request, once it is answered; what only the client should know is left out. */
export function logRequests({ logger, count }: RequestLogDeps): MiddlewareHandler {
  return async function logRequest(c, next) {
    const begin = performance.now();
    await next();
    const ms = performance.now() - begin;
    const { status } = c.res;
    count(c.req.method, status, ms);
    const fields = {
      method: c.req.method,
      path: c.req.path.replace(SIGNATURE, "/s--…--").slice(0, MAX_PATH),
      status,
      ms: Math.round(ms * 10) / 10,
      bytes: Number(c.res.headers.get("content-length") ?? 0),
    };
    if (status >= 500) logger.warn("request", fields);
    else logger.info("request", fields);
  };
}
