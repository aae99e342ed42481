import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export type Environment = Readonly<Record<string, string>>;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `shift-media purge`, in a process of its own. */
export function runPurge(args: readonly string[], environment: Environment = {}): Promise<Result> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], ...environment };
    const command = [MAIN, "purge", ...args];
    execFile(process.execPath, command, { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, stdout: out, stderr: err });
    });
  });
}
