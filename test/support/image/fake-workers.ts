import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, vi } from "vitest";
import type { MediaError } from "../../../src/errors.ts";
import type { PoolOptions } from "../../../src/image/pool/pool.ts";
import { Pool } from "../../../src/image/pool/pool.ts";
import type {
  Batch,
  BatchOutput,
  ImageJob,
  ImageResult,
  ImageWorker,
  WorkerMessage,
} from "../../../src/image/worker.ts";
import { WorkerDied } from "../../../src/image/worker.ts";

/** A job that shares nothing with another. */
export const JOB: ImageJob = { bytes: new Uint8Array(), spec: { trim: 1 }, format: "png" };
/** A signal for each who takes this apart: one for all would have all of them as listeners. */
export const never: { readonly signal: AbortSignal } = {
  get signal() {
    return new AbortController().signal;
  },
};

export interface FakeWorker extends ImageWorker {
  /** Ends the output that it makes by a result that is `width` pixels wide. */
  finish(width?: number): void;
  decline(): void;
  fail(error: MediaError | WorkerDied): void;
  saySlow(what: string): void;
  wearOut(): void;
  readonly stops: number;
  readonly batches: readonly Batch[];
  /** The number of outputs that it has, begun or not. */
  readonly size: number;
  /** The outputs that it has begun, the latest one last. */
  readonly given: readonly BatchOutput[];
}

const ignore: (message: WorkerMessage) => void = () => {};

/** A worker that makes outputs in the order in which it gets them; they end when the test says so. */
export function createFakeWorker(): FakeWorker {
  let isFit = true;
  let stops = 0;
  let pending: BatchOutput[] = [];
  let running: BatchOutput | undefined;
  let send = ignore;
  const batches: Batch[] = [];
  const given: BatchOutput[] = [];
  const beginNext = (): void => {
    running = pending.shift();
    if (!running) return;
    given.push(running);
    const { id } = running;
    queueMicrotask(() => send({ kind: "begun", id }));
  };
  const end = (toMessage: (id: number) => WorkerMessage): void => {
    if (!running) return;
    const message = toMessage(running.id);
    beginNext();
    send(message); // another batch may begin within
  };
  const endWith = (result: ImageResult): void => end((id) => ({ kind: "ended", id, result }));
  const add = (outputs: readonly BatchOutput[]): void => {
    pending.push(...outputs);
    if (!running) beginNext();
  };
  return {
    begin: (batch, onMessage) => {
      send = onMessage;
      batches.push(batch);
      running = undefined;
      pending = [];
      add(batch.outputs);
    },
    add,
    drop: (ids) => {
      const dropped = pending.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
      pending = pending.filter(({ id }) => !dropped.includes(id));
      queueMicrotask(() => send({ kind: "dropped", ids: dropped }));
    },
    isFit: () => isFit,
    stop: () => {
      stops += 1;
      isFit = false;
    },
    finish: (width = 1) => endWith({ kind: "made", bytes: new Uint8Array(), width, height: 1 }),
    decline: () => endWith({ kind: "too_slow" }),
    fail: (error) => {
      if (error instanceof WorkerDied) send({ kind: "died", error });
      else end((id) => ({ kind: "failed", id, error }));
    },
    saySlow: (what) => send({ kind: "slow", id: running?.id ?? 0, what }),
    wearOut: () => {
      isFit = false;
    },
    batches,
    given,
    get size() {
      return pending.length + (running ? 1 : 0);
    },
    get stops() {
      return stops;
    },
  };
}

export function setUp(options: Partial<PoolOptions> = {}): { pool: Pool; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const pool = new Pool({
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
export async function settle(): Promise<void> {
  await sleep(1);
  await setImmediate(); // timers may come before what was to happen at once
}

/** Stops the clock of the pool for the rest of a test, so that a busy machine does not take its time. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Lets time pass for a pool whose clock has been stopped. */
export async function passTime(ms: number): Promise<void> {
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** A job whose worker has died is not begun anew at once. */
export async function becomeBusy(pool: Pool): Promise<void> {
  await settle();
  await vi.waitFor(() => expect(pool.stats().busy).toBe(1), 20_000);
}

const ids = new WeakMap<Uint8Array, string>();
let count = 0;

/** Names an original: the same array of bytes is the same one. */
export function nameOriginal(bytes: Uint8Array): string {
  count += 1;
  const id = ids.get(bytes) ?? `original ${count}`;
  ids.set(bytes, id);
  return id;
}

export function jobsOf(
  bytes: Uint8Array,
  widths: readonly number[],
  format: ImageJob["format"] = "jpg",
): ImageJob[] {
  const originalId = nameOriginal(bytes);
  return widths.map((width) => ({ bytes, originalId, spec: { width }, format }));
}

/** The widths that a worker has begun, in its order. */
export function listWidths(worker: FakeWorker | undefined): (number | undefined)[] {
  return (worker?.given ?? []).map(({ spec }) => spec.width);
}

export function runAll(pool: Pool, jobs: readonly ImageJob[]): Promise<unknown>[] {
  return jobs.map((job) => pool.run(job, never));
}

export async function finishAll(workers: readonly FakeWorker[], turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await settle();
    for (const worker of workers) worker.finish();
  }
}

let lastId = 0;

/** An output for a worker that no pool has. */
export function toOutput({ spec, format, skipIfSlow, skipIfMoving }: ImageJob): BatchOutput {
  lastId += 1;
  return { id: -lastId, spec, format, skipIfSlow, skipIfMoving };
}

/** Makes the only output of a batch. */
export function runAlone(
  worker: ImageWorker,
  job: ImageJob,
  onMessage: (message: WorkerMessage) => void = () => {},
): Promise<ImageResult> {
  return new Promise((resolve, reject) => {
    worker.begin({ ...job, outputs: [toOutput(job)] }, (message) => {
      onMessage(message);
      if (message.kind === "ended") resolve(message.result);
      else if (message.kind === "failed" || message.kind === "died") reject(message.error);
    });
  });
}
