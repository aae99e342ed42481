import { MediaError } from "../errors.ts";
import { createDeadline, pause } from "./deadline.ts";
import type { TransformJob, TransformResult } from "./pipeline.ts";
import type { Worker } from "./worker.ts";
import { WorkerDied } from "./worker.ts";

const RETRY_PAUSE_MS = 50;
const RESTART_PAUSE_MS = 250;

export interface PoolOptions {
  /** How many workers there are at the most. */
  readonly size: number;
  readonly startWorker: () => Promise<Worker>;
  /** How many jobs may wait, all in all. */
  readonly queueLimit: number;
  /** How long a job may wait. */
  readonly queueWaitMs: number;
  /** How long a job may run. */
  readonly deadlineMs: number;
  /** A worker that should have taken the place of another could not be started. */
  readonly onStartFailure?: (error: unknown) => void;
}

export interface Pool {
  /** Starts all workers. @throws when one cannot be started */
  start(): Promise<void>;
  /**
   * @param signal ends the job, whether it waits or runs
   * @throws MediaError what the transform throws; `overloaded` when the queue is full or the wait too
   * long, `timeout` when the job takes too long
   */
  run(job: TransformJob, signal: AbortSignal): Promise<TransformResult>;
  /** What variants are made with; empty until the first worker has started. */
  engine(): string;
  stats(): PoolStats;
  stop(): void;
}

interface PoolStats {
  /** Workers that are alive, busy or not. */
  readonly workers: number;
  readonly busy: number;
  readonly queued: number;
}

interface State extends PoolOptions {
  readonly workers: Set<Worker>;
  readonly idle: Worker[];
  readonly queue: Waiter[];
  /** Workers and those that are being started: never more than `size`. */
  slots: number;
  engine: string;
  isStopped: boolean;
}

interface Waiter {
  give(worker: Worker): void;
  fail(error: unknown): void;
}

/**
 * A bounded number of workers behind a bounded queue. A worker that dies is replaced, and its job is
 * given to another one, once.
 */
export function createPool(options: PoolOptions): Pool {
  const state: State = {
    ...options,
    workers: new Set(),
    idle: [],
    queue: [],
    slots: 0,
    engine: "",
    isStopped: false,
  };
  return {
    start: async () => {
      const missing = state.size - state.slots;
      await Promise.all(Array.from({ length: missing }, () => addWorker(state)));
    },
    run: (job, signal) => runWithRetry(state, job, signal),
    engine: () => state.engine,
    stats: () => ({
      workers: [...state.workers].filter((worker) => worker.isFit()).length,
      busy: state.workers.size - state.idle.length,
      queued: state.queue.length,
    }),
    stop: () => stop(state),
  };
}

async function runWithRetry(
  state: State,
  job: TransformJob,
  signal: AbortSignal,
): Promise<TransformResult> {
  try {
    return await runOnce(state, job, signal);
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
  }
  // whatever killed this worker may have killed others, which is only now being noticed
  await pause(RETRY_PAUSE_MS);
  try {
    return await runOnce(state, job, signal);
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    throw blame(error);
  }
}

/** Twice in a row is no accident: too little memory, or a decoder that crashes. */
function blame(error: WorkerDied): MediaError {
  if (error.isKilled) {
    const problem = "the image process was killed, try again later";
    return new MediaError("overloaded", problem, { cause: error });
  }
  const problem = "the picture cannot be made within the memory that one may have";
  return new MediaError("unusable_original", problem, { cause: error });
}

async function runOnce(
  state: State,
  job: TransformJob,
  signal: AbortSignal,
): Promise<TransformResult> {
  const worker = await acquire(state, signal);
  const deadline = createDeadline(state.deadlineMs);
  try {
    return await worker.run(job, AbortSignal.any([signal, deadline.signal]));
  } finally {
    deadline.clear();
    release(state, worker);
  }
}

async function acquire(state: State, signal: AbortSignal): Promise<Worker> {
  signal.throwIfAborted();
  if (state.isStopped) throw stopping();
  const idle = takeIdle(state);
  if (idle) return idle;
  if (state.queue.length >= state.queueLimit) {
    throw new MediaError("overloaded", "too many pictures are being made, try again later");
  }
  const turn = waitForTurn(state, signal);
  if (state.slots < state.size) void replace(state);
  return turn;
}

/** A worker may have died since it was last busy. */
function takeIdle(state: State): Worker | undefined {
  for (let worker = state.idle.pop(); worker; worker = state.idle.pop()) {
    if (worker.isFit()) return worker;
    release(state, worker);
  }
  return undefined;
}

function waitForTurn(state: State, signal: AbortSignal): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      const index = state.queue.indexOf(waiter);
      if (index !== -1) state.queue.splice(index, 1);
    };
    const waiter: Waiter = {
      give: (worker) => {
        leave();
        resolve(worker);
      },
      fail: (error) => {
        leave();
        reject(error);
      },
    };
    const abort = (): void => waiter.fail(signal.reason);
    const timer = setTimeout(() => {
      const problem = `no picture could be begun within ${state.queueWaitMs} ms, try again later`;
      waiter.fail(new MediaError("overloaded", problem));
    }, state.queueWaitMs);
    signal.addEventListener("abort", abort, { once: true });
    state.queue.push(waiter);
  });
}

function release(state: State, worker: Worker): void {
  if (worker.isFit() && !state.isStopped) {
    offer(state, worker);
    return;
  }
  worker.stop();
  state.workers.delete(worker);
  state.slots -= 1;
  if (!state.isStopped) void replace(state);
}

function offer(state: State, worker: Worker): void {
  const next = state.queue[0];
  if (next) next.give(worker);
  else state.idle.push(worker);
}

async function addWorker(state: State): Promise<void> {
  state.slots += 1;
  try {
    const worker = await state.startWorker();
    state.workers.add(worker);
    state.engine = worker.engine;
    if (state.isStopped) worker.stop();
    else offer(state, worker);
  } catch (error) {
    state.slots -= 1;
    throw error;
  }
}

/** As long as somebody waits, another attempt is made; who waits too long is told to come back. */
async function replace(state: State): Promise<void> {
  try {
    await addWorker(state);
  } catch (error) {
    state.onStartFailure?.(error);
    await pause(RESTART_PAUSE_MS);
    const isMissed = state.queue.length > 0 && state.slots < state.size;
    if (isMissed && !state.isStopped) await replace(state);
  }
}

function stop(state: State): void {
  state.isStopped = true;
  for (const worker of state.workers) worker.stop();
  for (const waiter of state.queue.splice(0)) waiter.fail(stopping());
}

function stopping(): MediaError {
  return new MediaError("overloaded", "the service is stopping");
}
