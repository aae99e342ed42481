import type { Logger } from "../logger.ts";
import { decodeSegment } from "../url/percent.ts";

/** Characters of a path that are logged. */
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
  /** The length of the body. */
  readonly bytes: number;
}

export type LogRequest = (answered: Answered) => void;

/** Prints a path for the log: without its signature, and not too long. */
export function printPath(path: string): string {
  // a signature is found behind escapes too, by the service as by whoever reads the log
  const plain = path.includes("%") ? path.split("/").map(decodeSegment).join("/") : path;
  const isSigned = plain.includes("/s--") && SIGNATURE.test(plain);
  return (isSigned ? plain.replace(SIGNATURE, "/s--…--") : path).slice(0, MAX_PATH);
}

/** Counts each answered request, and writes one line for it. */
export function createRequestLog({ logger, count }: RequestLogDeps): LogRequest {
  return ({ method, path, status, ms, bytes }) => {
    count(method, status, ms);
    const printed = printPath(path);
    const fields = { method, path: printed, status, ms: Math.round(ms * 10) / 10, bytes };
    if (status >= 500) logger.warn("request", fields);
    else logger.info("request", fields);
  };
}
