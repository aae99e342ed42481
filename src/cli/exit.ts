import { MediaError } from "../errors.ts";
import { UsageError } from "../ops/usage-error.ts";

/** The exit codes of every command; 0 means done. */
export const EXIT = {
  /** Something failed, or a check found a problem. */
  failed: 1,
  /** The command was called in the wrong way, or the configuration is wrong; nothing was done. */
  misused: 2,
  /** A signal ended the command before its work was done. */
  interrupted: 130,
} as const;

/** Prints why a command failed, and sets its exit code. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`);
  process.exitCode = error instanceof UsageError ? EXIT.misused : EXIT.failed;
}

/** Runs a step that reads arguments: what the grammar or a limit refuses there is a wrong call of the command. */
export function readArguments<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof MediaError ? new UsageError(error.message) : error;
  }
}

/** Prints an error with its causes, for operators. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error instanceof MediaError && error.cause ? `: ${explainError(error.cause)}` : "";
  return error.message + cause;
}
