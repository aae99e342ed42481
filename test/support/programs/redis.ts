import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPort } from "../service/ports.ts";

/** A Redis of our own on loopback, with nothing in it. */
export interface RedisServer {
  readonly url: string;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function hasRedis(): boolean {
  try {
    execFileSync("redis-server", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-redis-"));
  const port = await findPort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const process = spawn("redis-server", [...args, "--save", "", "--appendonly", "no"]);
  await waitForReady(process);
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: (signal) => void process.kill(signal),
    stop: async () => {
      process.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function waitForReady({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("Ready to accept connections")) resolve();
    });
  });
}
