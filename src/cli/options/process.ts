import { setFlagsFromString } from "node:v8";
import type { Logger } from "../../logger.ts";
import { EXIT, explainError } from "../exit.ts";

/** Tells whether a signal has asked the command to stop. */
export interface Stop {
  isAsked(): boolean;
}

/** The first signal asks for a stop, the second one stops at once. */
export function createStop(): Stop {
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) process.exit(EXIT.interrupted);
    isAsked = true;
    process.stderr.write(
      "\nstopping when the current work is done; press Ctrl-C again to stop at once\n",
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, ask);
  return { isAsked: () => isAsked };
}

/**
 * Lets V8 collect the whole heap only when it has grown threefold. By default it does so when heap and buffers
 * have grown by about 10 MB: after every other original of 4 MB, for 30 ms of processor time.
 */
export function tuneHeapGrowth(): void {
  setFlagsFromString("--heap-growing-percent=200");
}

/** A logger for commands whose standard output is their result. */
export function logToErrors(): Logger {
  return { info: () => undefined, warn: write, error: write };
}

function write(message: string, { error }: Readonly<Record<string, unknown>> = {}): void {
  const reason = error === undefined ? "" : `: ${explainError(error)}`;
  process.stderr.write(`${message}${reason}\n`);
}
