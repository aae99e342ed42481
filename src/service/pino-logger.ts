import type { DestinationStream } from "pino";
import { pino } from "pino";
import type { Logger } from "../logger.ts";
import { printReadable } from "./readable-log.ts";

/** Lines are written together: a system call for each would take a fifth of the time of a hit. */
const BUFFER_BYTES = 4096;
const FLUSH_MS = 250;

/** Writes a line for each message to standard output, a moment later: JSON, or for people on a terminal. */
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
      // nothing was written yet, or standard output is closed
    }
  });
  const write = (line: string): void => {
    output.write(process.stdout.isTTY ? printReadable(line) : line);
    flushSoon();
  };
  return logTo({ write }, level);
}

/** The same at once, for a process that may be frozen right after. */
export function createUnbufferedLogger(level: string): Logger {
  return logTo(pino.destination({ sync: true }), level);
}

function logTo(output: DestinationStream, level: string): Logger {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  return {
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(printErrors(fields), message),
    error: (message, fields = {}) => log.error(printErrors(fields), message),
  };
}

/** Prints errors with their causes; their other properties may hold secrets. */
function printErrors({
  error,
  ...fields
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return error === undefined ? fields : { ...fields, error: printError(error) };
}

function printError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 1000);
  const cause = error.cause === undefined ? "" : ` <- ${printError(error.cause)}`;
  return `${error.name}: ${error.message}`.slice(0, 1000) + cause;
}
