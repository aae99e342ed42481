import type { Timeout } from "../../abort.ts";
import { createTimeout, pause } from "../../abort.ts";
import { chooseBackground, chooseNext, foresee, keepOf } from "./schedule.ts";
import { blame, stopping, tooLong, tooSlow } from "./faults.ts";
import type { Lanes, LanesOptions } from "./workers.ts";
import { createLanes } from "./workers.ts";
import type { Entry, JobOptions, Lane, Queue, QueueOptions, Turn } from "./queue.ts";
import { enter, promote } from "./queue.ts";
import type { WorkerJob, WorkerResult } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

const RETRY_PAUSE_MS = 50;
/** Of the time that a job may run for a visitor: what was declined for them is made then. */
const BACKGROUND_PATIENCE = 3;

export interface PoolOptions extends LanesOptions, QueueOptions {
  /** How long a job may run. */
  readonly deadlineMs: number;
}

type Made = Extract<WorkerResult, { kind: "made" }>;

type PoolResult =
  | (Made & {
      /** How long it waited for its turn, and how long it took. */
      readonly queueMs: number;
      readonly transformMs: number;
    })
  | Exclude<WorkerResult, Made>;

export interface Pool {
  /** Starts all workers. @throws when one cannot be started */
  start(): Promise<void>;
  /**
   * @throws MediaError what the transform throws; `overloaded` when the queue is full or the wait too
   * long; `timeout` when the job takes too long, `unusable_original` when that is what was asked for
   */
  run(job: WorkerJob, options: JobOptions): Promise<PoolResult>;
  /** Gives up what waits and nobody waits for, and takes no more of it. */
  shed(): void;
  /** Whether another job that somebody waits for may come. */
  hasRoom(): boolean;
  /** What variants are made with; empty until the first worker has started. */
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

interface State extends PoolOptions {
  readonly lanes: Lanes;
  readonly queue: Queue;
  readonly atWork: Set<Lane>;
  /** How many jobs run for which nobody waits. */
  backgroundJobs: number;
  /** When a visitor's job last began or ended. */
  visitorAt: number;
  isDispatching: boolean;
  /** Takes nothing any more that nobody waits for. */
  isShedding: boolean;
  isStopped: boolean;
}

/**
 * A bounded number of workers behind a bounded queue. Jobs of one original that meet in it share its
 * decode. A worker that dies is replaced, and its job is given to another one, once. Background jobs
 * begin when no visitor's waits, on half of the workers while visitors are about.
 */
export function createPool(options: PoolOptions): Pool {
  const queue: Queue = { visitors: [], background: [] };
  const lanes = createLanes({
    ...options,
    onIdle: () => dispatch(state),
    waiting: () => queue.visitors.length + queue.background.length,
  });
  const state: State = {
    ...options,
    lanes,
    queue,
    atWork: new Set(),
    backgroundJobs: 0,
    visitorAt: -Infinity,
    isDispatching: false,
    isShedding: false,
    isStopped: false,
  };
  return {
    start: lanes.start,
    run: (job, jobOptions) => runWithRetry(state, job, jobOptions),
    hasRoom: () => queue.visitors.length < limitOf(state),
    engine: lanes.engine,
    stats: () => {
      const { fit, busy } = lanes.count();
      const { visitors, background } = queue;
      return {
        workers: fit,
        busy,
        queued: visitors.length,
        queuedBackground: background.length,
      };
    },
    shed: () => {
      state.isShedding = true;
      for (const waiter of queue.background.filter(({ isAwaited }) => !isAwaited())) {
        waiter.fail(stopping());
      }
    },
    stop: () => stop(state),
  };
}

async function runWithRetry(
  state: State,
  job: WorkerJob,
  options: JobOptions,
): Promise<PoolResult> {
  try {
    return await runOnce(state, job, { ...options, isRetry: false });
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
  }
  // whatever killed this worker may have killed others, which is only now being noticed
  await pause(RETRY_PAUSE_MS);
  try {
    return await runOnce(state, job, { ...options, isRetry: true });
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    throw blame(error);
  }
}

async function runOnce(state: State, job: WorkerJob, entry: Entry): Promise<PoolResult> {
  const arrived = performance.now();
  const turn = await waitForTurn(state, job, entry);
  const begun = performance.now();
  try {
    const result = await work(state, job, { ...entry, ...turn });
    if (result.kind !== "made") return result;
    const ended = performance.now();
    return { ...result, queueMs: begun - arrived, transformMs: ended - begun };
  } finally {
    if (turn.isBackground) state.backgroundJobs -= 1;
    else state.visitorAt = performance.now();
    state.atWork.delete(turn.lane);
    state.lanes.put(turn.lane);
    dispatch(state);
  }
}

async function waitForTurn(state: State, job: WorkerJob, entry: Entry): Promise<Turn> {
  entry.signal.throwIfAborted();
  entry.abandoned?.throwIfAborted();
  const isShed = state.isShedding && entry.isAwaited?.() === false;
  if (state.isStopped || isShed) throw stopping();
  const turn = enter(state.queue, job, { ...state, ...entry, queueLimit: limitOf(state) });
  dispatchSoon(state);
  // a worker may be idle that was not for background jobs
  entry.onAwaited?.(() => dispatchSoon(state));
  return turn;
}

/** Those that an idle worker will take do not wait. */
function limitOf({ queueLimit, lanes }: State): number {
  return queueLimit + lanes.count().idle;
}

async function work(
  { deadlineMs }: State,
  job: WorkerJob,
  { signal, isBackground, lane, follow, isTwinned }: Entry & Turn,
): Promise<WorkerResult> {
  const ms = deadlineMs * (isBackground ? BACKGROUND_PATIENCE : 1);
  const deadline = createTimeout(ms, tooLong);
  let slow: string | undefined;
  const onSlow = (what: string): void => {
    slow = what;
  };
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    return await lane.worker.run(job, { signal: either, follow, isTwinned, onSlow });
  } catch (error) {
    if (slow !== undefined && isOver(deadline, error))
      throw tooSlow(`${slow} takes longer than ${ms} ms`, error);
    throw error;
  } finally {
    deadline.clear();
  }
}

function isOver({ signal }: Timeout, error: unknown): boolean {
  return signal.aborted && signal.reason === error;
}

/** Jobs whose original has just been fetched arrive together: they are to meet before one begins. */
function dispatchSoon(state: State): void {
  if (state.isDispatching) return;
  state.isDispatching = true;
  setImmediate(() => {
    state.isDispatching = false;
    dispatch(state);
  });
}

/** Gives idle workers to those who wait. */
function dispatch(state: State): void {
  const { lanes, queue, atWork } = state;
  promote(queue);
  for (let lane = lanes.take(); lane; lane = lanes.take()) {
    const isBackground = queue.visitors.length === 0;
    const line = isBackground ? chooseBackground(state) : queue.visitors;
    const next = chooseNext(
      line,
      lane,
      [...atWork].flatMap(({ kept }) => kept ?? []),
    );
    if (!next) {
      if (lane.kept) lane.worker.release();
      lane.kept = undefined;
      lanes.put(lane);
      return; // what waits is for the lanes that are at work
    }
    if (isBackground) state.backgroundJobs += 1;
    else state.visitorAt = performance.now();
    atWork.add(lane);
    lane.streak = lane.kept?.bytes === next.bytes ? lane.streak + 1 : 1;
    const others = line.filter((waiter) => waiter !== next);
    const prospect = foresee(others, next, lanes.count().idle);
    lane.kept = keepOf(next, prospect);
    next.give({ lane, ...prospect, isBackground });
  }
  lanes.replenish();
}

function stop(state: State): void {
  state.isStopped = true;
  state.lanes.stop();
  const { visitors, background } = state.queue;
  for (const waiter of [...visitors, ...background]) waiter.fail(stopping());
}
