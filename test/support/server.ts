import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config.ts";
import type { Running } from "../../src/server.ts";
import { startServer } from "../../src/server.ts";
import type { LogLine } from "./app.ts";

export interface TestServer extends Running {
  readonly log: LogLine[];
}

/** A server on a free port of loopback, with image processes of its own. */
export async function startTestServer(
  environment: Readonly<Record<string, string>>,
): Promise<TestServer> {
  const log: LogLine[] = [];
  const config = loadConfig({ PORT: "0", STOP_DELAY_MS: "0", POOL_SIZE: "2", ...environment });
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
export async function readMetric(url: string, series: string): Promise<number> {
  const text = await (await fetch(`${url}/-/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}
