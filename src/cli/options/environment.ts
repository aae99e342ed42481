import { ConfigError } from "../../config/error.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/config.ts";
import { MediaError } from "../../errors.ts";

/**
 * Reads the configuration from the environment. When it is wrong, says so, and the command ends with 2.
 *
 * @param overrides variables that command-line options stand for
 */
export function readConfig(
  doing: string,
  overrides: Readonly<Record<string, string | undefined>> = {},
): Config | undefined {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  try {
    return loadConfig({ ...process.env, ...Object.fromEntries(given) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `shift-media cannot ${doing}, its configuration is wrong:\n${error.message}\n`,
    );
    process.exitCode = 2;
    return undefined;
  }
}

/** Prints what a command gives, or what is wrong with what it was given; then it ends with 1. */
export async function printResult(work: () => string | Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await work()}\n`);
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Says why a command has failed; it ends with 2 when it was not asked for in the right way, else with 1. */
export function printFailure(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`);
  process.exitCode = error instanceof MediaError && error.code === "invalid_body" ? 2 : 1;
}

/** What went wrong, with what lies behind it, for whoever operates this. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error instanceof MediaError && error.cause ? `: ${explainError(error.cause)}` : "";
  return error.message + cause;
}
