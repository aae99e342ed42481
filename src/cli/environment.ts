import { ConfigError } from "../config-store.ts";
import type { Config } from "../config.ts";
import { loadConfig } from "../config.ts";
import { MediaError } from "../errors.ts";

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
