import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const SHELL = "/bin/sh";
const STATUS = "/proc/self/status";

/** What a child may allocate beyond what an idle one has, in kibibytes of private memory. */
const ALLOWANCE_KIB = 700 * 1024;

const PRINT_DATA = `console.log(/VmData:\\s*(\\d+)/.exec(require("fs").readFileSync("${STATUS}"))[1])`;

/**
 * Wraps a command so that it runs with `ulimit -d`, which turns what would bring the system down into a
 * failed allocation. Where there is no such limit the command is left as it is.
 */
export async function withDataLimit(
  execPath: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const idle = await findIdleData(execPath, args.slice(0, -1));
  if (idle === undefined) return [execPath, ...args];
  const limit = idle + ALLOWANCE_KIB;
  return [SHELL, "-c", `ulimit -d ${limit} 2>/dev/null; exec "$0" "$@"`, execPath, ...args];
}

const found = new Map<string, Promise<number | undefined>>();

/** Node 24 reserves half a gigabyte for code, which counts; Node 20 and 22 do not. */
function findIdleData(execPath: string, execArgv: readonly string[]): Promise<number | undefined> {
  const command = JSON.stringify([execPath, execArgv]);
  const known = found.get(command) ?? measureIdleData(execPath, execArgv);
  found.set(command, known);
  return known;
}

async function measureIdleData(
  execPath: string,
  execArgv: readonly string[],
): Promise<number | undefined> {
  if (!existsSync(SHELL) || !existsSync(STATUS)) return undefined;
  try {
    const { stdout } = await promisify(execFile)(execPath, [...execArgv, "-e", PRINT_DATA], {
      env: {},
    });
    return Number(stdout);
  } catch {
    return undefined; // whatever is wrong with this command, starting the child will tell
  }
}
