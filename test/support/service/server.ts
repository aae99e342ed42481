import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/config.ts";
import type { Running } from "../../../src/service/server.ts";
import { startServer } from "../../../src/service/server.ts";
import type { LogLine } from "./app.ts";
import { ADMIN_TOKEN } from "./app.ts";

export interface TestServer extends Running {
  readonly log: LogLine[];
}

/** A server on a free port of loopback, with image processes of its own. */
export async function startTestServer(
  environment: Readonly<Record<string, string>>,
): Promise<TestServer> {
  const log: LogLine[] = [];
  const config = loadConfig({
    PORT: "0",
    STOP_DELAY_MS: "0",
    POOL_SIZE: "2",
    ADMIN_TOKEN,
    ...environment,
  });
  const running = await startServer(config, {
    info: (message, fields = {}) => void log.push({ level: "info", message, fields }),
    warn: (message, fields = {}) => void log.push({ level: "warn", message, fields }),
    error: (message, fields = {}) => void log.push({ level: "error", message, fields }),
  });
  return { ...running, log };
}

/** Two folders that go when the test is over. */
export async function createFolders(
  originals: Readonly<Record<string, Uint8Array>>,
): Promise<{ originals: string; variants: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), "shift-media-"));
  const folders = { originals: join(root, "originals"), variants: join(root, "variants") };
  await mkdir(folders.originals);
  for (const [name, bytes] of Object.entries(originals)) {
    await writeFile(join(folders.originals, name), bytes);
  }
  return { ...folders, remove: () => rm(root, { recursive: true, force: true }) };
}

/** The value of one series of `/-/metrics`. */
export async function readMetric(
  url: string,
  series: string,
  token: string = ADMIN_TOKEN,
): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const text = await (await fetch(`${url}/-/metrics`, { headers })).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

/** The status line and headers of an answer to exactly these bytes. */
export function send(url: string, raw: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname === "localhost" ? "127.0.0.1" : hostname);
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(raw.replaceAll("\n", "\r\n"));
  });
}

/** The image processes that a process has. */
export function childrenOf(pid: number): readonly number[] {
  const lines = execFileSync("ps", ["-eo", "pid,ppid,args"]).toString().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) => parent === String(pid) && args.join(" ").includes("image/child"),
    )
    .map(([child]) => Number(child));
}

/** Less than a test may take, and more than a busy machine needs. */
const PATIENCE_MS = 20_000;

/** Waits for what is bound to happen. */
export async function until<T>(check: () => Promise<T>): Promise<Exclude<T, false>> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const result = await check();
    if (result) return result as Exclude<T, false>; // false has just been excluded
    await sleep(10);
  }
  throw new Error("it never happened");
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
