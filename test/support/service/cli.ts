import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

const MAIN = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** A process of the command line. */
export interface CliRun {
  readonly process: ChildProcess;
  readonly code: Promise<number | null>;
  /** Its output so far: results, and all the rest. */
  output(): string;
  errors(): string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Its standard input. */
  readonly input?: string;
}

/** Starts the command line as it is built, with nothing in its environment but what it is given. */
export function startCli(args: readonly string[], { environment, input }: CliOptions = {}): CliRun {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...environment },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  return { process: child, code, output: () => output, errors: () => errors };
}

/** Runs a command to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
  const run = startCli(args, options);
  const code = await run.code;
  return { code, output: run.output(), errors: run.errors() };
}

/** Waits until a command has printed what matches, to either stream. */
export function waitForOutput(run: CliRun, pattern: RegExp): Promise<RegExpExecArray> {
  const find = (): RegExpExecArray => {
    const printed = run.output() + run.errors();
    const match = pattern.exec(printed);
    if (!match) throw new Error(`it has not printed ${String(pattern)}: ${printed}`);
    return match;
  };
  return vi.waitFor(find, 25_000);
}

/** Waits until a service listens. */
export async function waitForUrl(run: CliRun): Promise<string> {
  const [, port = ""] = await waitForOutput(run, /http:\/\/localhost:(\d+)\D/);
  return `http://127.0.0.1:${port}`;
}

/** The lines of JSON that a command has printed, but for one that is not complete yet. */
export function linesOf(output: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = output.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
