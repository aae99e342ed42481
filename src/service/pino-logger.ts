import type { DestinationStream } from "pino";
import { pino } from "pino";
import type { Logger } from "../logger.ts";

/** A system call for each line is a fifth of what a hit costs. */
const BUFFER_BYTES = 4096;
const FLUSH_MS = 250;

/** One line of JSON for each message, on standard output, a moment later. */
export function createLogger(level: string): Logger {
  const output = pino.destination({ sync: false, minLength: BUFFER_BYTES });
  let isFlushing = false;
  const flushSoon = (): void => {
    if (isFlushing) return;
    isFlushing = true;
    const flush = (): void => {
      isFlushing = false;
      output.flush();
    };
    setTimeout(flush, FLUSH_MS).unref();
  };
  process.on("exit", () => {
    try {
      output.flushSync();
    } catch {
      // nothing has been written yet, or nobody reads it any more
    }
  });
  const write = (line: string): void => {
    output.write(line);
    flushSoon();
  };
  return logTo({ write }, level);
}

/** The same at once, for a process that may be frozen the moment after. */
export function createUnbufferedLogger(level: string): Logger {
  return logTo(pino.destination({ sync: true }), level);
}

function logTo(output: DestinationStream, level: string): Logger {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  return {
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(describe(fields), message),
    error: (message, fields = {}) => log.error(describe(fields), message),
  };
}

/** An error's cause says more than the error; its other properties may hold what must not be logged. */
function describe({
  error,
  ...fields
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return error === undefined ? fields : { ...fields, error: explain(error) };
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 1000);
  const cause = error.cause === undefined ? "" : ` <- ${explain(error.cause)}`;
  return `${error.name}: ${error.message}`.slice(0, 1000) + cause;
}
