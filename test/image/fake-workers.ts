import { setTimeout as sleep } from "node:timers/promises";
import { expect, vi } from "vitest";
import type { TransformJob, TransformResult } from "../../src/image/pipeline.ts";
import type { Pool, PoolOptions } from "../../src/image/pool.ts";
import { createPool } from "../../src/image/pool.ts";
import type { Worker } from "../../src/image/worker.ts";

export const JOB: TransformJob = { bytes: new Uint8Array(), spec: {}, format: "png" };
export const never = new AbortController().signal;

export interface FakeWorker extends Worker {
  finish(result?: number): void;
  fail(error: unknown): void;
  wearOut(): void;
  readonly stops: number;
}

/** A worker whose jobs end when the test says so, by a result that is `width` pixels wide. */
export function createFakeWorker(): FakeWorker {
  let end: { resolve(result: TransformResult): void; reject(error: unknown): void } | undefined;
  let isFit = true;
  let stops = 0;
  return {
    engine: "test",
    run: (_, signal) =>
      new Promise((resolve, reject) => {
        end = { resolve, reject };
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    isFit: () => isFit,
    stop: () => {
      stops += 1;
      isFit = false;
    },
    finish: (width = 1) => end?.resolve({ bytes: new Uint8Array(), width, height: 1 }),
    fail: (error) => end?.reject(error),
    wearOut: () => {
      isFit = false;
    },
    get stops() {
      return stops;
    },
  };
}

export function setUp(options: Partial<PoolOptions> = {}): { pool: Pool; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const pool = createPool({
    size: 1,
    queueLimit: 2,
    queueWaitMs: 5000,
    deadlineMs: 5000,
    startWorker: async () => {
      const worker = createFakeWorker();
      workers.push(worker);
      return Promise.resolve(worker);
    },
    ...options,
  });
  return { pool, workers };
}

/** Lets everything that can happen without the passing of time happen. */
export function settle(): Promise<void> {
  return sleep(1);
}

/** A job whose worker has died is not begun anew at once. */
export async function becomeBusy(pool: Pool): Promise<void> {
  await settle();
  await vi.waitFor(() => expect(pool.stats().busy).toBe(1));
}
