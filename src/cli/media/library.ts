import { MediaError } from "../../errors.ts";
import type { Collection, Item, Refusal, Taken } from "../../library.ts";
import { createLibrary } from "../../library.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { EXIT, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { logToErrors } from "../options/process.ts";

/** The option that each of these commands has. */
export interface JsonOption {
  readonly json?: boolean;
}

/**
 * Runs a command on all files of the store that the environment names.
 *
 * @param action completes the sentence "shift-media cannot …"
 */
export async function withFiles(
  action: string,
  work: (files: Collection) => Promise<void>,
): Promise<void> {
  const config = readConfig(action);
  if (!config) return;
  // nothing that is printed has a URL
  const library = createLibrary({ baseUrl: config.basePath, logger: logToErrors() });
  try {
    await work(library.files);
  } catch (error) {
    if (!(error instanceof MediaError || error instanceof UsageError)) throw error;
    reportFailure(error);
  } finally {
    await library.close();
  }
}

/** Prints an item, or why there is none. */
export function printChanged(outcome: Taken | Refusal, { json }: JsonOption): void {
  if (outcome.ok) printRow(json ? outcome.item : printItem(outcome.item));
  else printRefusal(outcome);
}

export function printRefusal({ message }: Pick<Refusal, "message">): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = EXIT.failed;
}

/** Prints a text, or a value as a line of JSON. */
export function printRow(value: string | object): void {
  process.stdout.write(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);
}

/** Prints an item in one line, whose columns a tab divides. */
export function printItem({ key, type, bytes, width, height }: Item): string {
  const size = width === undefined ? "" : `${width}x${height}`;
  return [key, type, size, printBytes(bytes)].join("\t");
}

export function printBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}
