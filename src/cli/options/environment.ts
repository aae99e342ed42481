import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/config.ts";
import { ConfigError } from "../../config/error.ts";
import { listMisspelt } from "../../config/misspelt.ts";
import { MediaError } from "../../errors.ts";
import { EXIT, reportFailure } from "../exit.ts";
import { UsageError } from "../../ops/usage-error.ts";

/**
 * Reads the configuration from the environment. When it is wrong, prints the problems and sets the exit code.
 *
 * @param action completes the sentence "shift-media cannot …"
 * @param overrides variables that command-line options stand for
 */
export function readConfig(
  action: string,
  overrides: Readonly<Record<string, string | undefined>> = {},
): Config | undefined {
  for (const problem of listMisspelt(process.env)) process.stderr.write(`${problem}\n`);
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  try {
    return loadConfig({ ...process.env, ...Object.fromEntries(given) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `shift-media cannot ${action}, because its configuration is wrong:\n${error.message}\n`,
    );
    process.exitCode = EXIT.misused;
    return undefined;
  }
}

/** Prints the text that a command makes, or the reason why it cannot. */
export async function printResult(work: () => string | Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await work()}\n`);
  } catch (error) {
    if (!(error instanceof MediaError || error instanceof UsageError)) throw error;
    reportFailure(error);
  }
}
