import { MediaError } from "../errors.ts";

/** A bound on the bytes that are held at the same time. */
export interface ByteBudget {
  /**
   * Waits for room; more than the whole budget is given when nothing else is held.
   *
   * @param signal ends the wait
   * @throws MediaError `overloaded` when there is no room in time, or too many wait already
   */
  take(bytes: number, signal?: AbortSignal): Promise<Share>;
}

/** A part of the budget, which has to be given back. */
export interface Share {
  /** Holds this much from now on. What is more than before is taken without waiting. */
  resize(bytes: number): void;
  release(): void;
}

export interface ByteBudgetOptions {
  /** In bytes. */
  readonly limit: number;
  /** How long one may wait. */
  readonly waitMs: number;
  /** How many may wait. */
  readonly queueLimit: number;
}

export function noRoom(): MediaError {
  return new MediaError("overloaded", "too many originals are being read, try again later");
}

interface Waiter {
  readonly bytes: number;
  give(share: Share): void;
}

interface State extends ByteBudgetOptions {
  readonly queue: Waiter[];
  used: number;
}

export function createByteBudget(options: ByteBudgetOptions): ByteBudget {
  const state: State = { ...options, queue: [], used: 0 };
  return {
    take: async (bytes, signal) => {
      signal?.throwIfAborted();
      if (state.queue.length === 0 && hasRoom(state, bytes)) return createShare(state, bytes);
      if (state.queue.length >= state.queueLimit) throw noRoom();
      return waitForShare(state, bytes, signal);
    },
  };
}

function hasRoom({ used, limit }: State, bytes: number): boolean {
  return used === 0 || used + bytes <= limit;
}

function createShare(state: State, bytes: number): Share {
  let held = 0;
  const resize = (to: number): void => {
    state.used += to - held;
    held = to;
    serveQueue(state);
  };
  resize(bytes);
  return { resize, release: () => resize(0) };
}

function serveQueue(state: State): void {
  for (let next = state.queue[0]; next && hasRoom(state, next.bytes); next = state.queue[0]) {
    state.queue.shift();
    next.give(createShare(state, next.bytes));
  }
}

function waitForShare(state: State, bytes: number, signal?: AbortSignal): Promise<Share> {
  const { queue, waitMs } = state;
  return new Promise((resolve, reject) => {
    const leave = (error: unknown): void => {
      const index = queue.indexOf(waiter);
      if (index === -1) return;
      queue.splice(index, 1);
      clearTimeout(timer);
      reject(error);
      serveQueue(state); // whoever is next may want less
    };
    const abort = (): void => leave(signal?.reason);
    const timer = setTimeout(() => leave(noRoom()), waitMs);
    const waiter: Waiter = {
      bytes,
      give: (share) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        resolve(share);
      },
    };
    signal?.addEventListener("abort", abort, { once: true });
    queue.push(waiter);
  });
}
