import type { MiddlewareHandler } from "hono";
import type { Logger } from "../logger.ts";

const MAX_PATH = 256;
const SIGNATURE = /\/s--[^/]*--(?=\/)/;

interface RequestLogDeps {
  readonly logger: Logger;
  /** Counts an answer. */
  readonly count: (method: string, status: number, ms: number) => void;
}

interface Answered {
  readonly method: string;
  /** The target without its query. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** Of the body. */
  readonly bytes: number;
}

export type LogRequest = (answered: Answered) => void;

/** A path as it may be logged: without what only the client should know, and not too long. */
export function printPath(path: string): string {
  return (path.includes("/s--") ? path.replace(SIGNATURE, "/s--…--") : path).slice(0, MAX_PATH);
}

/** Counts, and writes one line, for each request that was answered. */
export function createRequestLog({ logger, count }: RequestLogDeps): LogRequest {
  return ({ method, path, status, ms, bytes }) => {
    count(method, status, ms);
    const printed = printPath(path);
    const fields = { method, path: printed, status, ms: Math.round(ms * 10) / 10, bytes };
    if (status >= 500) logger.warn("request", fields);
    else logger.info("request", fields);
  };
}

export function logRequests(
  log: LogRequest,
): MiddlewareHandler<{ Variables: { readonly bytes?: number } }> {
  return async function logRequest(c, next) {
    const begin = performance.now();
    await next();
    log({
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: performance.now() - begin,
      // to look at the headers of a response costs the adapter its short way
      bytes: c.get("bytes") ?? Number(c.res.headers.get("content-length") ?? 0),
    });
  };
}
