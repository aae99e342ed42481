import type { MiddlewareHandler } from "hono";
import type { Logger } from "../logger.ts";

const MAX_PATH = 256;
const SIGNATURE = /\/s--[^/]*--(?=\/)/;

export interface RequestLogDeps {
  readonly logger: Logger;
  /** Counts an answer. */
  readonly count: (method: string, status: number, ms: number) => void;
}

/** A path as it may be logged: without what only the client should know, and not too long. */
export function printPath(path: string): string {
  return path.replace(SIGNATURE, "/s--…--").slice(0, MAX_PATH);
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
      path: printPath(c.req.path),
      status,
      ms: Math.round(ms * 10) / 10,
      bytes: Number(c.res.headers.get("content-length") ?? 0),
    };
    if (status >= 500) logger.warn("request", fields);
    else logger.info("request", fields);
  };
}
