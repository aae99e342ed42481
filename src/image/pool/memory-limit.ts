import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const SHELL = "/bin/sh";
const STATUS = "/proc/self/status";

/** What a child may allocate beyond what an idle one has, in kibibytes of private memory. */
const ALLOWANCE_KIB = 700 * 1024;

const PRINT_DATA = `console.log(/VmData:\\s*(\\d+)/.exec(require("fs").readFileSync("${STATUS}"))[1])`;

type Environment = Readonly<Record<string, string>>;

/**
 * Wraps a command that runs a script in Node, so that it runs with `ulimit -d`, which turns what would bring the system
 * down into a failed allocation. Where there is no such limit the command is left as it is.
 *
 * @param env what it will have for an environment
 */
export async function withDataLimit(
  command: readonly string[],
  env: Environment,
): Promise<readonly string[]> {
  const idle = await findIdleData(command.slice(0, -1), env);
  if (idle === undefined) return command;
  const limit = idle + ALLOWANCE_KIB;
  return [SHELL, "-c", `ulimit -d ${limit} 2>/dev/null; exec "$0" "$@"`, ...command];
}

const found = new Map<string, Promise<number | undefined>>();

/** Node 24 reserves half a gigabyte for code, which counts; Node 20 and 22 do not. */
function findIdleData(node: readonly string[], env: Environment): Promise<number | undefined> {
  const key = JSON.stringify([node, env]);
  const known = found.get(key) ?? measureIdleData(node, env);
  found.set(key, known);
  return known;
}

async function measureIdleData(
  [file = "", ...args]: readonly string[],
  env: Environment,
): Promise<number | undefined> {
  if (!existsSync(SHELL) || !existsSync(STATUS)) return undefined;
  try {
    const { stdout } = await promisify(execFile)(file, [...args, "-e", PRINT_DATA], { env });
    return Number(stdout);
  } catch {
    return undefined; // whatever is wrong with this command, starting the child will tell
  }
}
