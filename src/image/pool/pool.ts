import type { Timeout } from "../../async/abort.ts";
import { createTimeout, pause } from "../../async/abort.ts";
import { MediaError } from "../../errors.ts";
import type { WorkerJob, WorkerResult } from "../worker.ts";
import { WorkerDied } from "../worker.ts";
import type {
  Assignment,
  AttemptOptions,
  JobOptions,
  PooledWorker,
  Queue,
  QueueLimits,
} from "./queue.ts";
import { promoteAwaited, waitInQueue } from "./queue.ts";
import { pickJob, planHandover, selectBackground, selectCached } from "./schedule.ts";
import type { WorkerSetOptions } from "./workers.ts";
import { WorkerSet } from "./workers.ts";

const RETRY_PAUSE_MS = 50;
/** A background job may run this many times as long as one of a visitor: it may be one that was too slow for them. */
const BACKGROUND_DEADLINE_FACTOR = 3;

export interface PoolOptions extends WorkerSetOptions, QueueLimits {
  /** How long a job may run. */
  readonly deadlineMs: number;
}

type Made = Extract<WorkerResult, { kind: "made" }>;

type PoolResult =
  | (Made & {
      /** Milliseconds in the queue, and on a worker. */
      readonly queueMs: number;
      readonly transformMs: number;
    })
  | Exclude<WorkerResult, Made>;

export interface Pool {
  /** Starts all workers. @throws when one cannot be started */
  start(): Promise<void>;
  /**
   * @throws MediaError what the transform throws; `overloaded` when the queue is full or the wait too
   * long; `timeout` when the job takes too long, `unusable_original` when a slow image does
   */
  run(job: WorkerJob, options: JobOptions): Promise<PoolResult>;
  /** Rejects background jobs that wait, and all that come later. */
  rejectBackground(): void;
  /** True if the queue takes another job of a visitor. */
  hasRoom(): boolean;
  /** The libraries that variants are made with; empty until the first worker has started. */
  engine(): string;
  stats(): PoolStats;
  stop(): void;
}

interface PoolStats {
  /** Workers that are alive, busy or not. */
  readonly workers: number;
  readonly busy: number;
  /** Jobs that wait: those of visitors, and the others. */
  readonly queued: number;
  readonly queuedBackground: number;
}

interface PoolState extends PoolOptions {
  readonly workers: WorkerSet;
  readonly queue: Queue;
  readonly busy: Set<PooledWorker>;
  /** Number of background jobs that run. */
  backgroundJobs: number;
  /** When a visitor's job last began or ended. */
  visitorAt: number;
  isDispatching: boolean;
  rejectsBackground: boolean;
  isStopped: boolean;
}

/**
 * A bounded number of workers behind a bounded queue. Jobs of one original that meet in it share its
 * decode. A worker that dies is replaced, and its job is given to another one, once. Background jobs
 * begin when no visitor's waits, on half of the workers while visitors are about.
 */
export function createPool(options: PoolOptions): Pool {
  const queue: Queue = { visitors: [], background: [] };
  const workers = new WorkerSet({
    ...options,
    onIdle: () => dispatch(state),
    countWaiting: () => queue.visitors.length + queue.background.length,
  });
  const state: PoolState = {
    ...options,
    workers,
    queue,
    busy: new Set(),
    backgroundJobs: 0,
    visitorAt: -Infinity,
    isDispatching: false,
    rejectsBackground: false,
    isStopped: false,
  };
  return {
    start: () => workers.start(),
    run: (job, jobOptions) => runWithRetry(state, job, jobOptions),
    hasRoom: () => queue.visitors.length < getQueueLimit(state),
    engine: () => workers.engine,
    stats: () => {
      const { fit, busy } = workers.count();
      const { visitors, background } = queue;
      return {
        workers: fit,
        busy,
        queued: visitors.length,
        queuedBackground: background.length,
      };
    },
    rejectBackground: () => {
      state.rejectsBackground = true;
      for (const job of queue.background.filter(({ isAwaited }) => !isAwaited())) {
        job.fail(createStoppingError());
      }
    },
    stop: () => stop(state),
  };
}

async function runWithRetry(
  state: PoolState,
  job: WorkerJob,
  options: JobOptions,
): Promise<PoolResult> {
  try {
    return await runOnce(state, job, { ...options, isRetry: false });
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
  }
  // the cause may have killed other workers too, which is only now being noticed
  await pause(RETRY_PAUSE_MS);
  try {
    return await runOnce(state, job, { ...options, isRetry: true });
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    throw toJobError(error);
  }
}

async function runOnce(
  state: PoolState,
  job: WorkerJob,
  options: AttemptOptions,
): Promise<PoolResult> {
  const arrived = performance.now();
  const assignment = await waitForWorker(state, job, options);
  const { pooled, isBackground } = assignment;
  const begun = performance.now();
  try {
    const result = await runOnWorker(state, job, { ...options, ...assignment });
    if (result.kind !== "made") return result;
    const ended = performance.now();
    return { ...result, queueMs: begun - arrived, transformMs: ended - begun };
  } finally {
    if (isBackground) state.backgroundJobs -= 1;
    else state.visitorAt = performance.now();
    state.busy.delete(pooled);
    state.workers.put(pooled);
    dispatch(state);
  }
}

async function waitForWorker(
  state: PoolState,
  job: WorkerJob,
  options: AttemptOptions,
): Promise<Assignment> {
  options.signal.throwIfAborted();
  options.abandoned?.throwIfAborted();
  const isRejected = state.rejectsBackground && options.isAwaited?.() === false;
  if (state.isStopped || isRejected) throw createStoppingError();
  const queueLimit = getQueueLimit(state);
  const assignment = waitInQueue(state.queue, job, { ...state, ...options, queueLimit });
  dispatchSoon(state);
  // a worker may be idle that background jobs may not use
  options.onAwaited?.(() => dispatchSoon(state));
  return assignment;
}

/** Jobs that an idle worker will take do not count as waiting. */
function getQueueLimit({ queueLimit, workers }: PoolState): number {
  return queueLimit + workers.count().idle;
}

async function runOnWorker(
  { deadlineMs }: PoolState,
  job: WorkerJob,
  { signal, isBackground, pooled, next, sharesImage }: AttemptOptions & Assignment,
): Promise<WorkerResult> {
  const ms = deadlineMs * (isBackground ? BACKGROUND_DEADLINE_FACTOR : 1);
  const deadline = createTimeout(ms, createTimeoutError);
  let slow: string | undefined;
  const onSlow = (what: string): void => {
    slow = what;
  };
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    return await pooled.worker.run(job, { signal: either, next, sharesImage, onSlow });
  } catch (error) {
    if (slow !== undefined && hasTimedOut(deadline, error))
      throw createSlowError(`${slow} takes longer than ${ms} ms`, error);
    throw error;
  } finally {
    deadline.clear();
  }
}

function hasTimedOut({ signal }: Timeout, error: unknown): boolean {
  return signal.aborted && signal.reason === error;
}

/** Jobs of an original that has just been fetched arrive together, and meet in the queue before one begins. */
function dispatchSoon(state: PoolState): void {
  if (state.isDispatching) return;
  state.isDispatching = true;
  setImmediate(() => {
    state.isDispatching = false;
    dispatch(state);
  });
}

/** Assigns idle workers to waiting jobs. */
function dispatch(state: PoolState): void {
  const { workers, queue, busy } = state;
  promoteAwaited(queue);
  for (let pooled = workers.take(); pooled; pooled = workers.take()) {
    const isBackground = queue.visitors.length === 0;
    const line = isBackground ? selectBackground(state) : queue.visitors;
    const running = [...busy].flatMap(({ cached }) => cached ?? []);
    const job = pickJob(line, pooled, running);
    if (!job) {
      if (pooled.cached) pooled.worker.forget();
      pooled.cached = undefined;
      workers.put(pooled);
      return; // the jobs that wait are for busy workers
    }
    if (isBackground) state.backgroundJobs += 1;
    else state.visitorAt = performance.now();
    busy.add(pooled);
    pooled.runLength = pooled.cached?.bytes === job.bytes ? pooled.runLength + 1 : 1;
    const others = line.filter((other) => other !== job);
    const handover = planHandover(others, job, workers.count().idle);
    pooled.cached = selectCached(job, handover);
    job.assign({ pooled, ...handover, isBackground });
  }
  workers.replenish();
}

function stop(state: PoolState): void {
  state.isStopped = true;
  state.workers.stop();
  const { visitors, background } = state.queue;
  for (const job of [...visitors, ...background]) job.fail(createStoppingError());
}

/** A second worker died of the job, so that it has too little memory, or crashes the decoder. */
function toJobError(error: WorkerDied): MediaError {
  if (error.isKilled) {
    const problem = "the image process was killed, try again later";
    return new MediaError("overloaded", problem, { cause: error });
  }
  const problem = "the image cannot be made within the memory that one may have";
  return new MediaError("unusable_original", problem, { cause: error });
}

function createTimeoutError(ms: number): MediaError {
  return new MediaError("timeout", `the transform took longer than ${ms} ms`);
}

/** The service works as it should: the image that was asked for is too large. */
function createSlowError(problem: string, cause: unknown): MediaError {
  const hint = "ask for a smaller image or another format";
  return new MediaError("unusable_original", `${problem}: ${hint}`, { cause });
}

function createStoppingError(): MediaError {
  return new MediaError("overloaded", "the service is stopping");
}
