import { setTimeout as sleep } from "node:timers/promises";
import { expect, vi } from "vitest";
import type { TransformJob, TransformResult } from "../../../src/image/pipeline/pipeline.ts";
import type { Pool, PoolOptions } from "../../../src/image/pool/pool.ts";
import { createPool } from "../../../src/image/pool/pool.ts";
import type { RunOptions, ImageWorker } from "../../../src/image/worker.ts";

/** One that is trimmed, and so shares nothing with another. */
export const JOB: TransformJob = { bytes: new Uint8Array(), spec: { trim: 1 }, format: "png" };
/** A signal for each who takes this apart: one for all would have all of them as listeners. */
export const never: { readonly signal: AbortSignal } = {
  get signal() {
    return new AbortController().signal;
  },
};

/** Options of a worker for a job that has to do with no other. */
export const alone: RunOptions = {
  ...never,
  next: "nothing",
  sharesImage: false,
  onSlow: () => {},
};

export interface FakeWorker extends ImageWorker {
  finish(result?: number): void;
  decline(): void;
  fail(error: unknown): void;
  wearOut(): void;
  readonly stops: number;
  readonly releases: number;
  /** The jobs that it was given, the latest one last. */
  readonly given: readonly { readonly job: TransformJob; readonly options: RunOptions }[];
}

/** A worker whose jobs end when the test says so, by a result that is `width` pixels wide. */
export function createFakeWorker(): FakeWorker {
  let end: { resolve(result: TransformResult): void; reject(error: unknown): void } | undefined;
  let isFit = true;
  let stops = 0;
  let releases = 0;
  const given: { readonly job: TransformJob; readonly options: RunOptions }[] = [];
  return {
    engine: "test",
    run: (job, jobOptions) =>
      new Promise((resolve, reject) => {
        given.push({ job, options: jobOptions });
        end = { resolve, reject };
        const { signal } = jobOptions;
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    forget: () => {
      releases += 1;
    },
    isFit: () => isFit,
    stop: () => {
      stops += 1;
      isFit = false;
    },
    finish: (width = 1) =>
      end?.resolve({ kind: "made", bytes: new Uint8Array(), width, height: 1 }),
    decline: () => end?.resolve({ kind: "too_slow" }),
    fail: (error) => end?.reject(error),
    wearOut: () => {
      isFit = false;
    },
    given,
    get stops() {
      return stops;
    },
    get releases() {
      return releases;
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

export function jobsOf(bytes: Uint8Array, widths: readonly number[]): TransformJob[] {
  return widths.map((width) => ({ bytes, spec: { width }, format: "jpg" }));
}

/** The jobs of a worker: their widths, and what each was told would follow. */
export function givenTo(worker: FakeWorker | undefined): (readonly [number | undefined, string])[] {
  return (worker?.given ?? []).map(({ job, options }) => [job.spec.width, options.next]);
}

export function runAll(pool: Pool, jobs: readonly TransformJob[]): Promise<unknown>[] {
  return jobs.map((job) => pool.run(job, never));
}

export async function finishAll(workers: readonly FakeWorker[], turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await settle();
    for (const worker of workers) worker.finish();
  }
}
