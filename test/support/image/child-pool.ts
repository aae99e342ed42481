import { execFileSync } from "node:child_process";
import { afterEach, expect, vi } from "vitest";
import { startChildWorker } from "../../../src/image/pool/child-process.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import type { PoolOptions } from "../../../src/image/pool/pool.ts";
import { Pool } from "../../../src/image/pool/pool.ts";
import type { ImageJob, ImageWorker } from "../../../src/image/worker.ts";
import { drawPhoto, drawQuadrants } from "../images.ts";

const small = await drawQuadrants(40, 20).png().toBuffer();
export const SMALL_JOB: ImageJob = { bytes: small, spec: { width: 20 }, format: "png" };
export const photo: Buffer = await drawPhoto(1500, 1200);
/** Takes several seconds. */
export const SLOW_JOB: ImageJob = {
  bytes: photo,
  spec: { width: 7000, height: 5600, mode: "fill" },
  format: "webp",
};
/** Takes half a second. */
export const MEDIUM_JOB: ImageJob = {
  bytes: photo,
  spec: { width: 3000, height: 2400, mode: "fill" },
  format: "jpg",
};

export function startWorker(): Promise<ImageWorker> {
  return startChildWorker({ limits: DEFAULT_IMAGE_LIMITS });
}

const pools: Pool[] = [];

export async function startPool(options: Partial<PoolOptions> = {}): Promise<Pool> {
  const defaults = {
    size: 1,
    startWorker,
    queueLimit: 10,
    queueWaitMs: 25_000,
    deadlineMs: 25_000,
  };
  const pool = new Pool({ ...defaults, ...options });
  pools.push(pool);
  await pool.start();
  return pool;
}

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.stop();
  await expectGone(listChildren()); // the next test lists its own
});

/** The image processes of this one; one that has ended and was not waited for is none. */
export function listChildren(): number[] {
  const table = execFileSync("ps", ["-A", "-o", "ppid=,pid=,stat=,args="], { encoding: "utf8" });
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([parent, , state = "", ...args]) =>
        Number(parent) === process.pid &&
        !state.startsWith("Z") &&
        args.some((arg) => /image.child.main\.[jt]s$/.test(arg)),
    )
    .map(([, pid]) => Number(pid));
}

export function killChildren(): number[] {
  const pids = listChildren();
  for (const pid of pids) process.kill(pid, "SIGKILL");
  return pids;
}

export async function expectGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(listChildren().filter((pid) => pids.includes(pid))).toEqual([]), {
    timeout: 20_000,
    interval: 20,
  });
}
