import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const SHELL = "/bin/sh";
const STATUS = "/proc/self/status";

/** Private memory that an image process may have beyond that of an idle one, in kibibytes. */
const ALLOWANCE_KIB = 700 * 1024;

const PRINT_DATA = `console.log(/VmData:\\s*(\\d+)/.exec(require("fs").readFileSync("${STATUS}"))[1])`;

type Environment = Readonly<Record<string, string>>;

/**
 * Wraps a command that runs a script in Node, so that it runs with `ulimit -d`: an image that needs too much memory then
 * gets a failed allocation, and does not bring the system down. Systems without such a limit run the command as it is.
 *
 * @param env the environment of the command
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
    return undefined; // starting the image process will tell what is wrong
  }
}
