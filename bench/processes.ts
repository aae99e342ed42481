import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** In which the kernel counts processor time; Linux shows it to programs as 100 a second everywhere. */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4096;
const START_TIMEOUT_MS = 20_000;

/** This system tells the processor time and the memory of processes. */
export const HAS_PROC: boolean = canReadProc();

/** Keeps warnings of libraries out of the tables. */
export const QUIET = { NODE_NO_WARNINGS: "1" } as const;

export interface Server {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

export interface Program {
  /** The arguments of Node, with the script and its own after them. */
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where its output goes: it costs us nothing there. */
  readonly logFile: string;
}

/** Arguments for Node to run a script of this folder. */
export function script(name: string): readonly string[] {
  return ["--import", "tsx", fileURLToPath(new URL(name, import.meta.url))];
}

/** Starts a server that says on its standard output at which URL it listens. */
export async function startProgram(program: Program): Promise<Server> {
  const log = openSync(program.logFile, "w");
  const child = spawn(process.execPath, [...program.args], {
    env: { ...process.env, ...QUIET, ...program.environment },
    stdio: ["ignore", log, "inherit"],
  });
  closeSync(log);
  const url = await waitForUrl(child, program.logFile);
  return { pid: child.pid ?? 0, url, stop: () => stopProcess(child) };
}

async function waitForUrl(child: ChildProcess, logFile: string): Promise<string> {
  for (let waited = 0; waited < START_TIMEOUT_MS; waited += 50) {
    await pause(50);
    const [url] = /http:\/\/[^\s"]+/.exec(readFileSync(logFile, "utf8")) ?? [];
    if (url) return url.replace("localhost", "127.0.0.1");
    if (child.exitCode !== null) break;
  }
  await stopProcess(child);
  throw new Error(`a server did not start: ${readFileSync(logFile, "utf8").slice(0, 1000)}`);
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => {
    child.on("exit", resolve);
  });
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await closed;
  clearTimeout(timer);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Processor time of a process and all that it has started, in milliseconds; NaN where nobody knows. */
export function cpuOf(pid: number): number {
  if (!HAS_PROC) return Number.NaN;
  let ticks = 0;
  for (const { cpuTicks } of familyOf(pid)) ticks += cpuTicks;
  return ticks * MS_PER_TICK;
}

/** Resident bytes of a process, and of each that it has started. */
export function memoryOf(pid: number): { readonly parent: number; readonly children: number[] } {
  const [parent, ...children] = familyOf(pid).map(({ rss }) => rss);
  return { parent: parent ?? Number.NaN, children };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Including those of children that have ended. */
  readonly cpuTicks: number;
  readonly rss: number;
}

function familyOf(pid: number): readonly Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const family = all.filter((one) => one.pid === pid);
  for (const one of family) family.push(...all.filter(({ parent }) => parent === one.pid));
  return family;
}

function readProcess(pid: number): readonly Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name, in parentheses, may hold anything
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const { 1: parent = 0, 21: pages = 0 } = fields;
    const cpuTicks = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0);
    return [{ pid, parent, cpuTicks, rss: pages * PAGE_BYTES }];
  } catch {
    return []; // it has just ended
  }
}

function canReadProc(): boolean {
  return readProcess(process.pid).length > 0;
}
