import { pause } from "../../abort.ts";
import type { Lane } from "./queue.ts";
import type { Worker } from "../worker.ts";

const RESTART_PAUSE_MS = 250;

export interface LanesOptions {
  /** How many workers there are at the most. */
  readonly size: number;
  readonly startWorker: () => Promise<Worker>;
  /** A worker that should have taken the place of another could not be started. */
  readonly onStartFailure?: (error: unknown) => void;
}

export interface Lanes {
  /** Starts all workers. @throws when one cannot be started */
  start(): Promise<void>;
  /** Starts workers in place of those that are missing, but no more than are waited for. */
  replenish(): void;
  /** One that is fit, and idle no longer. */
  take(): Lane | undefined;
  /** Idle it again; a worker that is no longer fit is replaced. */
  put(lane: Lane): void;
  /** What variants are made with; empty until the first worker has started. */
  engine(): string;
  readonly count: () => { readonly fit: number; readonly busy: number; readonly idle: number };
  stop(): void;
}

interface State extends LanesOptions {
  readonly workers: Set<Worker>;
  readonly idle: Lane[];
  /** Workers and those that are being started: never more than `size`. */
  slots: number;
  engine: string;
  isStopped: boolean;
  readonly onIdle: () => void;
  readonly waiting: () => number;
}

/** A bounded number of workers. One that dies or is worn out is replaced. */
export function createLanes(options: LanesOptions & Pick<State, "onIdle" | "waiting">): Lanes {
  const state: State = {
    ...options,
    workers: new Set(),
    idle: [],
    slots: 0,
    engine: "",
    isStopped: false,
  };
  return {
    start: async () => {
      const missing = state.size - state.slots;
      await Promise.all(Array.from({ length: missing }, () => addWorker(state)));
    },
    replenish: () => {
      const starting = state.slots - state.workers.size;
      const missing = Math.min(state.size - state.slots, state.waiting() - starting);
      for (let count = 0; count < missing; count += 1) void replace(state);
    },
    take: () => takeIdle(state),
    put: (lane) => release(state, lane),
    engine: () => state.engine,
    count: () => ({
      fit: [...state.workers].filter((worker) => worker.isFit()).length,
      busy: state.workers.size - state.idle.length,
      idle: state.idle.length,
    }),
    stop: () => {
      state.isStopped = true;
      for (const worker of state.workers) worker.stop();
    },
  };
}

/** A worker may have died since it was last busy. */
function takeIdle(state: State): Lane | undefined {
  for (let lane = state.idle.pop(); lane; lane = state.idle.pop()) {
    if (lane.worker.isFit()) return lane;
    release(state, lane);
  }
  return undefined;
}

function release(state: State, lane: Lane): void {
  const { worker } = lane;
  if (worker.isFit() && !state.isStopped) {
    state.idle.push(lane);
    return;
  }
  worker.stop();
  state.workers.delete(worker);
  state.slots -= 1;
  if (!state.isStopped) void replace(state);
}

async function addWorker(state: State): Promise<void> {
  state.slots += 1;
  try {
    const worker = await state.startWorker();
    state.workers.add(worker);
    state.engine = worker.engine;
    if (state.isStopped) worker.stop();
    else state.idle.push({ worker, kept: undefined, streak: 0 });
    state.onIdle();
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
    const isMissed = state.waiting() > 0 && state.slots < state.size;
    if (isMissed && !state.isStopped) await replace(state);
  }
}
