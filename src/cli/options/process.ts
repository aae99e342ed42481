import { setFlagsFromString } from "node:v8";
import type { Logger } from "../../logger.ts";
import { explainError } from "./environment.ts";

/** Whether a signal has asked for the end. */
export interface Stop {
  isAsked(): boolean;
}

/** The first signal is a wish for the end, the second is the end. */
export function createStop(): Stop {
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) process.exit(130);
    isAsked = true;
    process.stderr.write("\nstopping, once what is at work is done; again to stop at once\n");
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, ask);
  return { isAsked: () => isAsked };
}

/**
 * Has V8 collect the whole heap when it has grown threefold. By itself it does so whenever heap and buffers have
 * grown by some 10 MB: every other time that an original of 4 MB is fetched, for 30 ms of processor time.
 */
export function collectLessOften(): void {
  setFlagsFromString("--heap-growing-percent=200");
}

/** For commands whose standard output is their result. */
export function logToErrors(): Logger {
  return { info: () => undefined, warn: write, error: write };
}

function write(message: string, { error }: Readonly<Record<string, unknown>> = {}): void {
  const reason = error === undefined ? "" : `: ${explainError(error)}`;
  process.stderr.write(`${message}${reason}\n`);
}
